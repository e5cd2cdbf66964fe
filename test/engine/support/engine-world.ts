// The tier `engine`: a real Postgres, the real engine, a real S3 server as plain processes, and walguard's agent between them.
// No Kubernetes. Root and buildah, because the programs are copied out of the images of the cluster's tests (once, cached
// in ~/.cache/walguard/engine). This file is the entry; what most tests need is exported here.
//
//   engineTest('a segment comes back', async (context, engine) => {
//     const { store, pod, postgres, sidecar } = await startWorld(context, { engine });
//     const [segment] = await closeSegments(postgres, 1);            // real WAL; archived by the injected archive_command
//     await waitForArchived(postgres, segment);
//     const { code, report } = await runJob('base-backup', store, postgres);   // `walguard agent base-backup`, and its report
//     const env = await engineEnv(store, postgres);                  // what the agent gives the engine: guards, keys, prefix
//     const listed = await runEngine(pod, engine.backupListArgs, env);         // the engine itself, under Postgres's uid
//     await rm(store.fileOf(`${await prefixOf(store, postgres)}/wal_005/${segment}.lz4`));   // the bucket is plain files
//   });
//
// A pod is a mount namespace: /walguard, /walguard-storage, /dev/termination-log and the engine's program are where the
// product expects them, and are the test's own; the root is the Postgres image's. Data directories have one path inside and
// outside, so agent functions can also be called in the test's own process (agentContext), but for fixed paths.

import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RestoreTarget } from '../../../src/api/restore.ts';
import { nameIncarnation } from '../../../src/lib/cluster-identity.ts';
import { resolveEngine } from '../../../src/tools/engine.ts';
import {
  type AgentOptions,
  ARCHIVE_ARGUMENTS,
  type Job,
  prefixOf,
  runJob,
  type Sidecar,
  startSidecar,
} from './agent.ts';
import type { EngineUnderTest } from './engines.ts';
import { type Ended, type Pod, startPod } from './pod.ts';
import { adoptPostgres, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts';
import type { Major } from './programs.ts';
import { type Store, startStore } from './store.ts';

export * from './agent.ts';
export * from './engines.ts';
export * from './pod.ts';
export * from './postgres.ts';
export * from './proxy.ts';
export * from './store.ts';

export interface WorldOptions {
  readonly engine: EngineUnderTest;
  /** 15 if not given. */
  readonly major?: Major;
  readonly postgres?: PostgresOptions;
  readonly agent?: AgentOptions;
}

export interface World {
  readonly store: Store;
  readonly pod: Pod;
  readonly postgres: Postgres;
  readonly sidecar: Sidecar;
}

/** An injected database that archives: store, Postgres with the archive settings, sidecar with its daemon running. */
export async function startWorld(context: TestContext, options: WorldOptions): Promise<World> {
  const store = await startStore(context);
  const pod = await startPod(context, options);
  const { args = [], ...others } = options.postgres ?? {};
  const postgres = await startPostgres(pod, { ...others, args: [...ARCHIVE_ARGUMENTS, ...args] });
  const sidecar = await startSidecar(context, store, postgres, options.agent);
  await sidecar.until('the daemon runs', ({ daemon }) => daemon === 'running');
  return { store, pod, postgres, sidecar };
}

/** The engine's own command line in the pod. */
export function runEngine(pod: Pod, args: readonly string[], env: NodeJS.ProcessEnv, id?: number): Promise<Ended> {
  return pod.run(resolveEngine(pod.engine.id).binary, args, { env, ...(id === undefined ? {} : { id }) });
}

/** Waits until Postgres has handed the segment to the archive; the daemon acknowledges only what is stored. */
export async function waitForArchived(
  postgres: Postgres,
  segment: string | undefined,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const isDone = `select exists (select from pg_ls_archive_statusdir() where name = '${segment}.done') or last_archived_wal >= '${segment}' from pg_stat_archiver`;
  while ((await postgres.value(isDone)) !== 'true') {
    if (Date.now() > deadline)
      throw new Error(
        `${segment} was not archived: ${JSON.stringify(await postgres.sql('select * from pg_stat_archiver'))}\n${postgres.log().slice(-2000)}`,
      );
    await sleep(100);
  }
}

export interface Restored {
  readonly postgres: Postgres;
  readonly sidecar: Sidecar;
}

/** `walguard agent restore` into a new data directory of the pod. */
export function restoreInto(
  world: Pick<World, 'store' | 'postgres'>,
  pod: Pod,
  pgdata: string,
  sourcePrefix: string,
  target: string | RestoreTarget,
  database = RESTORED,
): Promise<Job> {
  const { store, postgres } = world;
  const env = {
    WALGUARD_SOURCE_PREFIX: sourcePrefix,
    WALGUARD_TARGET: JSON.stringify(typeof target === 'string' ? { time: target } : target),
    WALGUARD_DESTINATION: database,
    WALGUARD_RESTORE: 'restore',
    WALGUARD_RESTORE_UID: 'uid-of-restore',
    WALGUARD_INCARNATION: nameIncarnation(new Date(restores++ * 1000).toISOString()),
    WALGUARD_PGHOST: postgres.connection.host,
    WALGUARD_SECOND_LOOK_MS: '50',
  };
  return runJob('restore', store, { pod, pgdata, connection: postgres.connection }, { env });
}

const RESTORED = 'restored';

/** One second apart, or they would share a prefix. */
let restores = Math.floor(Date.now() / 1000);

/**
 * Starts what a restore job left in `pgdata`, with a sidecar of its own that serves the recovery, and waits for the end of
 * that. Rows are asked of `postgres`.
 */
export async function startRestored(
  context: TestContext,
  store: Store,
  pod: Pod,
  pgdata: string,
  options: AgentOptions = {},
): Promise<Restored> {
  const postgres = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
  const sidecar = await startSidecar(context, store, postgres, { database: RESTORED, ...options });
  await postgres.start();
  await sidecar.until('the recovery has ended', ({ inRecovery }) => inRecovery === false, 60_000);
  return { postgres, sidecar };
}

/** All of it: a pod of its own, restored to the time, recovered and promoted. @param engine if not the one that wrote */
export async function restoreTo(
  context: TestContext,
  world: World,
  target: string | RestoreTarget,
  engine: EngineUnderTest = world.pod.engine,
): Promise<Restored> {
  const { major } = world.pod;
  const pod = await startPod(context, { engine, major });
  const pgdata = await pod.makeDirectory('data');
  const prefix = await prefixOf(world.store, world.postgres);
  const { code, stdout, stderr } = await restoreInto(world, pod, pgdata, prefix, target);
  if (code !== 0) throw new Error(`the restore job ended with ${code}:\n${stdout}${stderr}`);
  return startRestored(context, world.store, pod, pgdata);
}
