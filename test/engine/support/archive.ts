// An archive without a Postgres: the engine's daemon over a data directory with made-up segments, and walguard's scripts as
// Postgres would call them. For laws about single segments, of which a real server needs seconds to make one.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { startGate } from '../../../src/agent/daemon-gate.ts';
import type { Role } from '../../../src/agent/daemon-plan.ts';
import { findObjection } from '../../../src/agent/gate-rules.ts';
import { buildArchiveScript, buildRestoreScript } from '../../../src/agent/scripts.ts';
import {
  ARCHIVE_ENGINE_SOCKET,
  ARCHIVE_SCRIPT,
  ARCHIVE_SOCKET,
  RECOVERY_ENGINE_SOCKET,
  RECOVERY_SOCKET,
  RESTORE_SCRIPT,
  RUN_DIR,
  SHARED_DIR,
} from '../../../src/api/names.ts';
import { isWalFileStored, resolveEngine } from '../../../src/tools/engine.ts';
import { until } from '../../support/processes.ts';
import { createRecordedLog } from '../../support/recorded-log.ts';
import { agentEnv } from './agent.ts';
import type { EngineUnderTest } from './engines.ts';
import { type Ended, killTree, POSTGRES_ID, type Pod, startPod } from './pod.ts';
import { type Store, startStore } from './store.ts';

export interface Archive {
  readonly store: Store;
  readonly pod: Pod;
  readonly pgdata: string;
  /** `s3://backups/c1`; the engine's own. */
  readonly prefix: string;
  /** What the daemon has; a test may start another one with changes. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends the daemon that runs and starts one with these changes. */
  readonly restart: (changes?: NodeJS.ProcessEnv) => Promise<void>;
  readonly kill: () => Promise<void>;
  /** All that daemons have said. */
  readonly log: () => string;
  /** A segment in pg_wal, marked as ready; without content it is filled at random. */
  readonly make: (name: string, content?: Uint8Array) => Promise<string>;
  /** As archive_command does, by the script. */
  readonly push: (name: string) => Promise<Ended>;
  /** As restore_command does, by the script, to pg_wal/RECOVERYXLOG. */
  readonly fetch: (name: string) => Promise<Ended & { readonly content: Buffer | undefined }>;
  /** The engine forked, with the daemon's environment. */
  readonly engine: (args: readonly string[], changes?: NodeJS.ProcessEnv) => Promise<Ended>;
}

export interface ArchiveOptions {
  readonly endpoint?: (store: Store) => Promise<string>;
  /** For whom the scripts wait, instead of a minute: `2s`. */
  readonly clientTimeout?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export async function startArchive(
  context: TestContext,
  engine: EngineUnderTest,
  options: ArchiveOptions = {},
): Promise<Archive> {
  const store = await startStore(context);
  const pod = await startPod(context, { engine });
  const pgdata = await pod.makeDirectory('data');
  await pod.makeDirectory('data/pg_wal');
  await pod.makeDirectory('data/pg_wal/archive_status');
  const endpoint = (await options.endpoint?.(store)) ?? store.endpoint;
  const connection = { host: '127.0.0.1', port: 1, user: 'postgres', password: 'none' };
  const prefix = `${store.prefix}/c1`;
  const env = {
    ...passEngineEnv(agentEnv(store, { pod, pgdata, connection }, { endpoint })),
    ...store.credentials,
    WALG_S3_PREFIX: prefix,
    PGDATA: pgdata,
    NO_COLOR: '1',
    ...options.env,
  };
  await installScripts(pod, engine, options.clientTimeout);

  let current = env;
  let daemons: ChildProcess[] = [];
  let log = '';
  const program = resolveEngine(engine.id).binary;
  const kill = async () => {
    await Promise.all(daemons.map(killTree));
    daemons = [];
  };
  const restart = async (changes: NodeJS.ProcessEnv = {}) => {
    await kill();
    current = { ...env, ...changes };
    for (const { inside } of Object.values(GATES)) {
      const socket = inside.replace(RUN_DIR, pod.runtime);
      await rm(socket, { force: true });
      const child = pod.spawn(program, engine.daemonArgs(inside), { env: current });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          log += text;
        });
      }
      daemons.push(child);
      await until(`the daemon listens: ${log}`, () => existsSync(socket));
    }
  };
  await restart();
  await openGates(context, pod, pgdata, () => current);
  return {
    store,
    pod,
    pgdata,
    prefix,
    env,
    restart,
    kill,
    log: () => log,
    make: async (name, content = makeSegment()) => {
      const path = join(pgdata, 'pg_wal', name);
      for (const [file, bytes] of [
        [path, content],
        [join(pgdata, 'pg_wal/archive_status', `${name}.ready`), ''],
      ] as const) {
        await writeFile(file, bytes);
        await chown(file, POSTGRES_ID, POSTGRES_ID);
      }
      return path;
    },
    push: (name) => pod.run(ARCHIVE_SCRIPT, [name], { cwd: pgdata }),
    fetch: async (name) => {
      const target = join(pgdata, 'pg_wal', 'RECOVERYXLOG');
      await rm(target, { force: true });
      const ended = await pod.run(RESTORE_SCRIPT, [name, 'pg_wal/RECOVERYXLOG'], { cwd: pgdata });
      return { ...ended, content: await readFile(target).catch(() => undefined) };
    },
    engine: (args, changes = {}) => pod.run(program, args, { env: { ...env, ...changes }, cwd: pgdata }),
  };
}

const GATES: Readonly<Record<Role, { readonly outside: string; readonly inside: string }>> = {
  archive: { outside: ARCHIVE_SOCKET, inside: ARCHIVE_ENGINE_SOCKET },
  recovery: { outside: RECOVERY_SOCKET, inside: RECOVERY_ENGINE_SOCKET },
};

/** As the sidecar has them: with this process's own eyes on the data directory and on the store. */
async function openGates(
  context: TestContext,
  { engine, runtime, shared }: Pod,
  pgdata: string,
  env: () => NodeJS.ProcessEnv,
): Promise<void> {
  for (const [role, { outside, inside }] of Object.entries(GATES) as [Role, (typeof GATES)[Role]][]) {
    const path = outside.replace(SHARED_DIR, shared);
    const gate = await startGate({
      path,
      engine: async () => inside.replace(RUN_DIR, runtime),
      findObjection: (request) => findObjection(role, pgdata, request),
      ...(engine.listWalFileArgs ? { isStored: (name: string) => isWalFileStored(engine, env(), name) } : {}),
      log: createRecordedLog().log,
    });
    await chown(path, POSTGRES_ID, POSTGRES_ID);
    context.after(() => void gate.close());
  }
}

/** Of the sidecar's variables those that it passes on. */
function passEngineEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(AWS_|WALG_|GOMEMLIMIT$|HOME$|USER$)/.test(name)));
}

async function installScripts(pod: Pod, engine: EngineUnderTest, clientTimeout = '60s'): Promise<void> {
  const bin = join(pod.shared, 'bin');
  await mkdir(bin, { recursive: true });
  await copyFile(engine.client, join(bin, 'client'));
  const client = `${SHARED_DIR}/bin/client`;
  const scripts = { [ARCHIVE_SCRIPT]: buildArchiveScript(client), [RESTORE_SCRIPT]: buildRestoreScript(client) };
  for (const [path, text] of Object.entries(scripts)) {
    await writeFile(join(bin, basename(path)), text.replaceAll('--timeout 60s', `--timeout ${clientTimeout}`));
  }
  for (const name of ['client', basename(ARCHIVE_SCRIPT), basename(RESTORE_SCRIPT)])
    await chmod(join(bin, name), 0o755);
}

const SEGMENT_BYTES = 16 * 1024 * 1024;

/** The size and the first bytes of a WAL segment of PostgreSQL 15; the rest is noise in one page, then zeroes. */
export function makeSegment(): Buffer {
  const segment = Buffer.alloc(SEGMENT_BYTES);
  randomBytes(8192).copy(segment);
  segment.writeUInt16LE(0xd110, 0);
  segment.writeUInt16LE(0, 2);
  return segment;
}

/** Name of the n-th segment of timeline 1. */
export function segmentName(n: number): string {
  return `0000000100000000${n.toString(16).toUpperCase().padStart(8, '0')}`;
}
