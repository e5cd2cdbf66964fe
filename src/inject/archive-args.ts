// The archive settings, passed as arguments of the server; and their exact removal. Room: inject (pure).
import { ARCHIVE_SCRIPT } from '../api/names.ts';
import type { Refusal } from '../lib/refusal.ts';

const ARCHIVE_COMMAND = `archive_command=${ARCHIVE_SCRIPT} %f`;

/** Flag and value for each setting. `%f`, not `%p`: the daemon finds the segment in pg_wal itself. */
export function buildArchiveArgs(archiveTimeoutSeconds: number): string[] {
  return ['-c', 'archive_mode=on', '-c', ARCHIVE_COMMAND, '-c', `archive_timeout=${archiveTimeoutSeconds}`];
}

/** The arguments without the block that buildArchiveArgs made, wherever it stands. */
export function removeArchiveArgs(args: readonly string[]): string[] {
  const at = args.indexOf(ARCHIVE_COMMAND);
  const start = at - 3;
  const isOurs =
    at >= 3 &&
    args[start] === '-c' &&
    args[start + 1] === 'archive_mode=on' &&
    args[at - 1] === '-c' &&
    args[at + 1] === '-c' &&
    args[at + 2]?.startsWith('archive_timeout=') === true;
  return isOurs ? [...args.slice(0, start), ...args.slice(at + 3)] : [...args];
}

interface Conflict {
  readonly pattern: RegExp;
  readonly code: string;
  readonly remedy: string;
}

const CONFLICTS: readonly Conflict[] = [
  {
    pattern: /^(?:--)?archive[-_](?:command|library|cleanup[-_]command)=/i,
    code: 'archive-command-present',
    remedy: 'This database is archived by something else already; remove that setting to let walguard archive it.',
  },
  {
    pattern: /^(?:--)?archive[-_]mode=/i,
    code: 'archive-mode-present',
    remedy: 'Remove the setting; walguard sets archive_mode itself.',
  },
  {
    pattern: /^(?:--)?wal[-_]level=minimal$/i,
    code: 'wal-level-minimal',
    remedy: 'Use wal_level=replica (the default) or logical; without it Postgres does not start with archiving on.',
  },
  {
    pattern: /^(?:(?:--)?data[-_]directory=|-D)/i,
    code: 'data-directory-argument',
    remedy:
      'Say where the data are by the variable PGDATA; the image prepares that directory, and walguard archives it.',
  },
];

/** Arguments of the user's own that would fight with ours, in the list at `path`. `-cNAME=VALUE` in one word counts too. */
export function findArgumentConflicts(args: readonly string[], path: string): Refusal[] {
  return args.flatMap((argument, index) => {
    const setting = argument.replace(/^-c\s*/, '');
    const conflict = CONFLICTS.find(({ pattern }) => pattern.test(setting));
    if (!conflict) return [];
    const name = setting.replace(/^--/, '').split('=')[0];
    return [{ code: conflict.code, field: `${path}[${index}]`, seen: `a setting of ${name}`, remedy: conflict.remedy }];
  });
}
