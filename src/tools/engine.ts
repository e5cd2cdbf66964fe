// The one place that knows how WAL-G and walrus differ. Everything else sees one engine. Room: tools.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ProgramDigests } from '../api/evidence.ts';
import type { Backup } from '../api/protected-database.ts';
import { parseBackupList } from '../lib/backup-list.ts';
import { type RunResult, run } from './exec.ts';

export type EngineId = 'wal-g' | 'walrus';

export interface BackupPush {
  /** As Postgres calls it; without one the backup is streamed over a replication connection. */
  readonly dataDir?: string | undefined;
  /** Never a delta, whatever the environment says. */
  readonly isFull: boolean;
}

export interface Engine {
  readonly id: EngineId;
  /** Absolute path: WAL-G finds its own helpers by argv[0]. */
  readonly binary: string;
  readonly daemonArgs: (socket: string) => string[];
  readonly backupPushArgs: (push: BackupPush) => string[];
  readonly backupListArgs: readonly string[];
  readonly backupFetchArgs: (dataDir: string, name: string) => string[];
  /**
   * Lists what the store holds of one WAL file, where the engine's own "missing" is not to be believed: walrus 0.4.1 takes any
   * error answer to its HEAD request, such as 503 or 403, for "not there" (read in its source, seen in test/engine).
   */
  readonly listWalFileArgs?: (name: string) => string[];
  /**
   * Does each upload carry a checksum that the store compares? Without one a store may keep a body that was cut off when its
   * sender was killed: versitygw 1.8 does (test/engine).
   */
  readonly signsUploads: boolean;
}

const ENGINES: Record<EngineId, Engine> = {
  'wal-g': {
    id: 'wal-g',
    binary: '/usr/local/bin/wal-g',
    daemonArgs: (socket) => ['daemon', socket],
    backupPushArgs: (push) => ['backup-push', ...backupPushOptions(push)],
    backupListArgs: ['backup-list', '--json', '--detail'],
    signsUploads: true,
    backupFetchArgs: (dataDir, name) => ['backup-fetch', dataDir, name],
  },
  walrus: {
    id: 'walrus',
    binary: '/usr/local/bin/walrus',
    daemonArgs: (socket) => ['daemon', '--socket', socket],
    // WAL-G asks for a fast checkpoint by itself; walrus spreads it over minutes unless told.
    backupPushArgs: (push) => ['backup-push', '--fast', ...backupPushOptions(push)],
    backupListArgs: ['backup-list', '--json'],
    signsUploads: false,
    backupFetchArgs: (dataDir, name) => ['backup-fetch', dataDir, name],
    // Its `ls` takes the start of a name, too.
    listWalFileArgs: (name) => ['st', 'ls', '-r', `wal_005/${name}`],
  },
};

function backupPushOptions({ dataDir, isFull }: BackupPush): string[] {
  return [...(isFull ? ['--full'] : []), ...(dataDir === undefined ? [] : [dataDir])];
}

/** A delta onto just this backup: neither engine is left to look for one itself. */
export function deltaEnv(parent: string, maxSteps: number): NodeJS.ProcessEnv {
  return { WALG_DELTA_MAX_STEPS: String(maxSteps), WALG_DELTA_FROM_NAME: parent };
}

/** Both engines reckon in segments of 16 MiB unless told. */
export function segmentEnv(segmentBytes: number): NodeJS.ProcessEnv {
  return { WALG_PG_WAL_SIZE: String(segmentBytes / 1024 / 1024) };
}

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

/** Arguments of the client itself: does the daemon answer? Costs the store nothing. */
export function checkArgs(socket: string): string[] {
  return ['daemon-client', '--socket', socket, '--timeout', '5s', 'check'];
}

/** Arguments of the client itself, for a segment that Postgres has not asked for. */
export function pushArgs(socket: string, segment: string): string[] {
  return ['daemon-client', '--socket', socket, '--timeout', '60s', 'wal-push', segment];
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
/** The client of the daemon waits a minute, and the engine has to answer as well. */
const CONFIRM_TIMEOUT_MS = 15_000;

export async function listBackups(engine: Engine, env: NodeJS.ProcessEnv): Promise<Backup[]> {
  const result = await run(engine.binary, engine.backupListArgs, { env, timeoutMs: LIST_TIMEOUT_MS });
  if (result.code !== 0) throw engineError('backup-list', result);
  return parseBackupList(result.stdout);
}

/** Can the store be asked at all, whatever it holds below the prefix that `env` names? */
export async function canListStore(engine: Engine, env: NodeJS.ProcessEnv): Promise<boolean> {
  const { code } = await run(engine.binary, ['st', 'ls'], { env, timeoutMs: LIST_TIMEOUT_MS });
  return code === 0;
}

/** Does the store hold the WAL file, in any compression? Throws where the store cannot tell. */
export async function isWalFileStored(engine: Engine, env: NodeJS.ProcessEnv, name: string): Promise<boolean> {
  return (await listWalFile(engine, env, name)).length > 0;
}

/** The WAL file's objects, one for each compression, and their sizes; none where the engine's own word is enough. */
export async function listWalFile(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  name: string,
): Promise<{ path: string; bytes: number }[]> {
  if (!engine.listWalFileArgs) return [];
  const result = await run(engine.binary, engine.listWalFileArgs(name), { env, timeoutMs: CONFIRM_TIMEOUT_MS });
  if (result.code !== 0) throw engineError('st ls', result);
  const rows = [...result.stdout.matchAll(/^obj\t(\d+)\t.*\t((?:\.(?:lz4|zst|br|lzma))?)$/gm)];
  return rows.map(([, bytes, ending]) => ({ path: `wal_005/${name}${ending}`, bytes: Number(bytes) }));
}

/** `walrus 0.4.1`; its name alone where it does not say. */
export async function readEngineVersion({ id, binary }: Engine, env: NodeJS.ProcessEnv): Promise<string> {
  const said = await run(binary, ['--version'], { env, timeoutMs: CONFIRM_TIMEOUT_MS }).catch(() => undefined);
  const [version] = /\d+\.\d+\.\d+\S*/.exec(said?.stdout ?? '') ?? [];
  return version === undefined ? id : `${id} ${version}`;
}

/** Of its program's file; empty where that cannot be read. */
export async function digestEngine({ binary }: Engine): Promise<ProgramDigests> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(binary)) hash.update(chunk as Buffer);
  } catch {
    return {};
  }
  return { engine: hash.digest('hex') };
}

export function engineError(verb: string, { code, stderrTail, timedOut }: RunResult): Error {
  const lines = stderrTail.slice(-3).join(' | ');
  return new Error(
    timedOut ? `${verb} was ended at its deadline: ${lines}` : `${verb} failed with code ${code}: ${lines}`,
  );
}
