// What Postgres runs as archive_command and restore_command: two lines of sh around the static client.
// Room: agent (door).
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ARCHIVE_SCRIPT, ARCHIVE_SOCKET, LETTING_GO_MARKER, RECOVERY_SOCKET, RESTORE_SCRIPT } from '../api/names.ts';
import { CLIENT, fetchCommand, MISSING_PATTERN, pushCommand } from '../tools/engine.ts';

/** The client's own exit code is what Postgres wants: 0 is archived, anything else is tried again. */
export function buildArchiveScript(client: string): string {
  return `#!/bin/sh\nexec ${pushCommand(client, ARCHIVE_SOCKET)}\n`;
}

/**
 * The same where the policy lets WAL go: for as long as the sidecar says so, a segment counts as archived although it is not.
 * Histories of timelines and labels of backups are small and worth more, and are let go only when they cannot be stored: one
 * that cannot be archived holds up all the rest.
 */
export function buildLettingGoScript(client: string): string {
  return `#!/bin/sh
may_let_go() {
  { read -r until < ${LETTING_GO_MARKER}; } 2>/dev/null && [ "$until" -gt "$(date +%s)" ] 2>/dev/null || return 1
  printf 'walguard: %s is let go: the volume is nearly full, and the store takes no WAL\\n' "$1" >&2
}
case "$1" in
  *.*) ;;
  *) may_let_go "$1" && exit 0 ;;
esac
${pushCommand(client, ARCHIVE_SOCKET)}
code=$?
[ $code -eq 0 ] || ! may_let_go "$1" || exit 0
exit $code
`;
}

/**
 * Postgres takes any code from 1 to 125 as the end of the archive and promotes. Only "missing" may say that; an outage
 * must stop the server, or rows are lost. Waits for the daemon first, half a minute at most.
 */
export function buildRestoreScript(client: string): string {
  return `#!/bin/sh
i=0
while [ ! -S ${RECOVERY_SOCKET} ] && [ $i -lt 150 ]; do sleep 0.2; i=$((i+1)); done
said=$(${fetchCommand(client, RECOVERY_SOCKET)} 2>&1)
answer="$?:$said"
case "$answer" in
  0:*) exit 0 ;;
  ${MISSING_PATTERN}) exit 1 ;;
  *) printf 'walguard: %s could not be fetched: %s\n' "$1" "$answer" >&2; exit 255 ;;
esac
`;
}

/** Copies the client and writes both scripts, each complete before it gets its name. */
export async function installScripts(mayLetGo: boolean): Promise<void> {
  const client = await installRestoreScript();
  await install(ARCHIVE_SCRIPT, mayLetGo ? buildLettingGoScript(client) : buildArchiveScript(client));
}

/** Without the other one, a copy cannot archive whatever its configuration says. @returns path of the client */
export async function installRestoreScript(): Promise<string> {
  const directory = dirname(RESTORE_SCRIPT);
  const client = join(directory, basename(CLIENT));
  await mkdir(directory, { recursive: true });
  await rm(`${client}.new`, { force: true });
  await copyFile(CLIENT, `${client}.new`);
  await chmod(`${client}.new`, 0o555);
  await rename(`${client}.new`, client);
  await install(RESTORE_SCRIPT, buildRestoreScript(client));
  return client;
}

async function install(path: string, text: string): Promise<void> {
  // A crash may have left one that even its owner cannot write.
  await rm(`${path}.new`, { force: true });
  await writeFile(`${path}.new`, text, { mode: 0o755 });
  await chmod(`${path}.new`, 0o555);
  await rename(`${path}.new`, path);
}
