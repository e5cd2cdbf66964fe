// The archive settings in a container: passed in the flavour's way, and their exact removal. Room: inject (pure).
import type { Container } from '../api/kubernetes.ts';
import { ARCHIVE_SCRIPT, SHARED_DIR } from '../api/names.ts';
import type { Channel } from '../flavour/flavour.ts';
import { isEqual } from '../lib/json.ts';
import { append, type Entry, type InjectionRecord, removeMade } from './record.ts';

/** `%f`, not `%p`: the daemon finds the segment in pg_wal itself. */
const COMMAND = `archive_command=${ARCHIVE_SCRIPT} %f`;

/** Flag and value for each setting. */
export function buildArchiveArguments(timeoutSeconds: number): string[] {
  return ['-c', 'archive_mode=on', '-c', COMMAND, '-c', `archive_timeout=${timeoutSeconds}`];
}

/** As Patroni takes them: JSON, which is YAML. */
function buildPatroniConfiguration(timeoutSeconds: number): string {
  return JSON.stringify({ postgresql: { parameters: buildPatroniParameters(timeoutSeconds) } });
}

/**
 * Patroni's settings outlive the injection: in a pod without walguard's volume the command succeeds and does nothing, or WAL
 * would pile up. In an injected pod that directory is always there, and a script that is not there yet is a failure.
 */
export function buildPatroniParameters(timeoutSeconds: number): Record<string, string | number> {
  return {
    archive_mode: 'on',
    archive_command: `test ! -d ${SHARED_DIR} || ${ARCHIVE_SCRIPT} %f`,
    archive_timeout: timeoutSeconds,
  };
}

/** Puts the settings into the container, last: of two values for one setting Postgres takes the last. */
export function addArchiveSettings(container: Container, channel: Channel, timeoutSeconds: number): Entry[] {
  switch (channel.kind) {
    case 'arguments':
      return addArguments(container, channel.imageArguments, buildArchiveArguments(timeoutSeconds));
    case 'variable':
      return addVariable(container, channel.name, buildPatroniConfiguration(timeoutSeconds));
    case 'rest':
      return [];
  }
}

function addArguments(container: Container, imageArguments: readonly string[], added: readonly string[]): Entry[] {
  // The image's CMD counts only where the user gives neither command nor arguments.
  const hasOwn = (container.args ?? []).length > 0 || (container.command ?? []).length > 0;
  const repeated = hasOwn ? [] : imageArguments;
  return [`arguments=${repeated.length}`, ...append(container, 'args', 'container.args', [...repeated, ...added])];
}

function addVariable(container: Container, name: string, value: string): Entry[] {
  return [`variable=${name}`, ...append(container, 'env', 'container.env', [{ name, value }])];
}

export function removeArchiveSettings(container: Container, record: InjectionRecord): void {
  for (const each of record) {
    const [kind, detail = ''] = each.split('=', 2);
    if (kind === 'arguments') removeArguments(container, Number(detail));
    if (kind === 'variable') container.env = (container.env ?? []).filter(({ name }) => name !== detail);
  }
  removeMade(container, 'args', 'container.args', record);
  removeMade(container, 'env', 'container.env', record);
}

/** @param repeated how many of the first arguments are the image's own, there only because ours are */
function removeArguments(container: Container, repeated: number): void {
  if (!container.args) return;
  const left = withoutBlock(container.args);
  container.args = left.length === repeated ? [] : left;
}

/** The arguments without the last block that buildArchiveArguments made, wherever it stands; the user may have written one too. */
function withoutBlock(args: readonly string[]): string[] {
  const start = args.findLastIndex((_, index) => isBlock(args.slice(index, index + 6)));
  return start < 0 ? [...args] : [...args.slice(0, start), ...args.slice(start + 6)];
}

function isBlock(words: readonly string[]): boolean {
  const timeout = /^archive_timeout=(\d+)$/.exec(words[5] ?? '')?.[1];
  return timeout !== undefined && isEqual(words, buildArchiveArguments(Number(timeout)));
}
