// The one place that knows how WAL-G and walrus differ. Everything else sees one engine. Room: tools.
import type { Backup } from '../api/protected-database.ts';
import { parseBackupList } from '../lib/backup-list.ts';
import { type RunResult, run } from './exec.ts';

export type EngineId = 'wal-g' | 'walrus';

export interface Engine {
  readonly id: EngineId;
  /** Absolute path: WAL-G finds its own helpers by argv[0]. */
  readonly binary: string;
  readonly daemonArgs: (socket: string) => string[];
  readonly backupPushArgs: (dataDir: string) => string[];
  readonly backupListArgs: readonly string[];
  readonly backupFetchArgs: (dataDir: string, name: string) => string[];
}

const ENGINES: Record<EngineId, Engine> = {
  'wal-g': {
    id: 'wal-g',
    binary: '/usr/local/bin/wal-g',
    daemonArgs: (socket) => ['daemon', socket],
    backupPushArgs: (dataDir) => ['backup-push', dataDir],
    backupListArgs: ['backup-list', '--json', '--detail'],
    backupFetchArgs: (dataDir, name) => ['backup-fetch', dataDir, name],
  },
  walrus: {
    id: 'walrus',
    binary: '/usr/local/bin/walrus',
    daemonArgs: (socket) => ['daemon', '--socket', socket],
    // WAL-G asks for a fast checkpoint by itself; walrus spreads it over minutes unless told.
    backupPushArgs: (dataDir) => ['backup-push', '--fast', dataDir],
    backupListArgs: ['backup-list', '--json'],
    backupFetchArgs: (dataDir, name) => ['backup-fetch', dataDir, name],
  },
};

/**
 * The statically linked client of the daemon's socket, copied into database containers. It is walrus's for either engine: one
 * protocol, and WAL-G's releases carry no client.
 */
export const CLIENT = '/opt/walguard/client/walrus';

/** Shell words of the client's calls, for scripts that Postgres runs: `$1` is %f, `$2` is %p. */
export function pushCommand(client: string, socket: string): string {
  return `${client} daemon-client --socket ${socket} --timeout 60s wal-push "$1"`;
}

export function fetchCommand(client: string, socket: string): string {
  return `${client} daemon-client --socket ${socket} --timeout 60s wal-fetch "$1" "$2"`;
}

/**
 * sh pattern of `<exit code>:<stderr>` by which the client says that the segment is not in the archive. walrus 0.4.1 ends
 * with 1 for every failure; it prints these words for the daemon's answer ArchiveNonExistence and for nothing else (read in its
 * source, seen in recoveries).
 */
export const MISSING_PATTERN = "1:*'archive not found'*";

/** The engine that the image was built with. */
export function resolveEngine(id: string | undefined): Engine {
  const engine = ENGINES[id as EngineId];
  if (!engine) throw new Error(`WALGUARD_ENGINE is "${id ?? ''}"; walguard's image sets it to wal-g or walrus`);
  return engine;
}

const LIST_TIMEOUT_MS = 120_000;

export async function listBackups(engine: Engine, env: NodeJS.ProcessEnv): Promise<Backup[]> {
  const result = await run(engine.binary, engine.backupListArgs, { env, timeoutMs: LIST_TIMEOUT_MS });
  if (result.code !== 0) throw engineError('backup-list', result);
  return parseBackupList(result.stdout);
}

/** Does the store hold anything below the prefix that `env` names? */
export async function isPrefixEmpty(engine: Engine, env: NodeJS.ProcessEnv): Promise<boolean> {
  const result = await run(engine.binary, ['st', 'ls'], { env, timeoutMs: LIST_TIMEOUT_MS });
  if (result.code !== 0) throw engineError('st ls', result);
  // The first line is the table's head.
  return result.stdout.trim().split('\n').length <= 1;
}

export function engineError(verb: string, { code, stderrTail, timedOut }: RunResult): Error {
  const lines = stderrTail.slice(-3).join(' | ');
  return new Error(
    timedOut ? `${verb} was ended at its deadline: ${lines}` : `${verb} failed with code ${code}: ${lines}`,
  );
}
