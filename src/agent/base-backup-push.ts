// One call of the engine that makes a base backup, where the engine runs: in the job, or in the sidecar. Room: agent (door).
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backup } from '../api/protected-database.ts';
import { buildStoragePrefix, type ClusterIdentity, clusterIdOf } from '../lib/cluster-identity.ts';
import { readPostmasterPid, type ServerFacts } from '../tools/backup-server.ts';
import type { Client } from '../tools/connection.ts';
import { deltaEnv, engineError, listBackups, segmentEnv } from '../tools/engine.ts';
import { type RunResult, run } from '../tools/exec.ts';
import type { AgentContext } from './context.ts';
import { readIdentity } from './data-directory.ts';
import { buildConnectionEnv, buildEngineEnv, requireCredentials } from './storage.ts';

/** What is to be made. */
export interface Order {
  /** Of the backup that a delta builds on; absent for a full one. */
  readonly parent?: string | undefined;
  /** Deltas that may follow a full backup. */
  readonly deltaSteps: number;
  readonly timeoutMs: number;
}

/** Where it is made. */
export interface Workshop {
  readonly server: ServerFacts;
  /** As Postgres calls it, and mounted there; without one the backup is streamed. */
  readonly dataDir?: string | undefined;
  /** Of the engine: storage, credentials, connection. */
  readonly env: NodeJS.ProcessEnv;
}

/** Beside the daemon, and beside Postgres: slow rather than big. */
export const LIGHT_ENV: NodeJS.ProcessEnv = {
  WALG_UPLOAD_CONCURRENCY: '1',
  WALG_UPLOAD_DISK_CONCURRENCY: '1',
  GOMEMLIMIT: '128MiB',
};

/** @param isStreamed there is no data directory here */
export async function openWorkshop(
  context: AgentContext,
  client: Client,
  server: ServerFacts,
  isStreamed: boolean,
): Promise<Workshop> {
  if (!isStreamed) await assertSameData(context.pgdata, server, await readPostmasterPid(client));
  const { PGDATA, ...storeEnv } = await buildStoreEnv(context, server);
  return {
    server,
    ...(isStreamed ? {} : { dataDir: server.dataDirectory }),
    env: {
      ...storeEnv,
      // Where it is known to an engine, it may be read although nothing was said of it.
      ...(isStreamed ? {} : { PGDATA }),
      ...(await buildConnectionEnv(context)),
      ...segmentEnv(server.segmentBytes),
    },
  };
}

/** What the engine needs to read and write below this cluster's prefix. */
export async function buildStoreEnv(context: AgentContext, identity: ClusterIdentity): Promise<NodeJS.ProcessEnv> {
  const { policyPrefix, namespace, database } = context;
  const prefix = buildStoragePrefix(policyPrefix, namespace, database, identity);
  return buildEngineEnv(context, prefix, await requireCredentials());
}

/**
 * The data that are mounted here must be those of the Postgres that answers, and no copy of them. The engines do not see to it:
 * walrus packs whatever lies there, and where it cannot read it streams a remote backup without a word (both measured).
 *
 * @param pid what the server's own postmaster.pid says; undefined where that could not be asked
 */
async function assertSameData(pgdata: string, server: ServerFacts, pid: string | undefined): Promise<void> {
  const identity = await readIdentity(pgdata);
  if (!identity) throw new Error(`${pgdata} holds no Postgres cluster: PG_VERSION or global/pg_control is missing`);
  const [mounted, answering] = [clusterIdOf(identity), clusterIdOf(server)];
  if (mounted !== answering) {
    throw new Error(
      `the mounted data are of cluster ${mounted}, the server that answers is ${answering}; nothing was written`,
    );
  }
  const paths = await Promise.all([pgdata, server.dataDirectory].map((path) => realpath(path).catch(() => path)));
  const here = await readFile(join(pgdata, 'postmaster.pid'), 'utf8').catch(() => '');
  if (paths[0] === paths[1] && (pid === undefined || pid === here)) return;
  throw new Error(
    `Postgres keeps its data in ${server.dataDirectory}, and what is mounted at ${pgdata} is another copy of the same cluster; nothing was written. Set PGDATA in the container's own env to what Postgres uses`,
  );
}

/** The backup as the store lists it. */
export async function pushBackup(
  { engine, log }: Pick<AgentContext, 'engine' | 'log'>,
  { server, dataDir, env }: Workshop,
  { parent, deltaSteps, timeoutMs }: Order,
  signal: AbortSignal,
): Promise<Backup> {
  const before = new Set((await listBackups(engine, env)).map(({ name }) => name));
  const args = engine.backupPushArgs({ dataDir, isFull: parent === undefined });
  const result = await run(engine.binary, args, {
    env: parent === undefined ? env : { ...env, ...deltaEnv(parent, deltaSteps) },
    timeoutMs,
    signal,
    onStderr: (line) => log.info(line),
  });
  if (signal.aborted) throw signal.reason;
  if (result.code !== 0) throw explain(result, dataDir === undefined, env.PGUSER ?? '');
  const made = (await listBackups(engine, env)).filter(({ name }) => !before.has(name)).at(-1);
  if (!made)
    throw new Error(`backup-push of ${server.systemIdentifier} reported success, but the store lists no new backup`);
  return { ...made, kind: made.name.includes('_D_') ? 'delta' : 'full' };
}

/** A streamed backup asks Postgres for something that it may not have been set up for. */
function explain(result: RunResult, isStreamed: boolean, user: string): Error {
  const error = engineError('backup-push', result);
  if (!isStreamed || !/pg_hba\.conf|replication role|REPLICATION|permission denied/.test(error.message)) return error;
  return new Error(
    `${error.message}. Method remote needs a replication connection: a line in pg_hba.conf such as "host replication ${user} all scram-sha-256", and a login with REPLICATION`,
  );
}
