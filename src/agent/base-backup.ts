// One base backup of the database whose claim is mounted here. Room: agent (door).

import type { Backup } from '../api/protected-database.ts';
import type { BaseBackupReport } from '../api/reports.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import { withClient } from '../tools/connection.ts';
import { engineError, listBackups } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { queryInRecovery, querySystemIdentifier, tryBackupLock } from '../tools/postgres.ts';
import { type AgentContext, readContext } from './context.ts';
import { readIdentity } from './data-directory.ts';
import { buildConnectionEnv, buildEngineEnv, requireCredentials } from './storage.ts';

export async function runBaseBackup(env: NodeJS.ProcessEnv): Promise<BaseBackupReport> {
  const context = readContext('base-backup', env);
  const startedAt = Date.now();
  const identity = await readIdentity(context.pgdata);
  if (!identity)
    throw new Error(`${context.pgdata} holds no Postgres cluster: PG_VERSION or global/pg_control is missing`);
  const pushed = await withClient(context.connection, async (client) => {
    assertSameCluster(identity, await querySystemIdentifier(client));
    if (await queryInRecovery(client)) return undefined;
    if (!(await tryBackupLock(client))) throw new Error('another base backup of this database is running');
    return push(context, identity, Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000);
  });
  if (!pushed) return { ok: true, skipped: 'standby' };
  return {
    ok: true,
    backup: { ...pushed.made, node: context.node },
    firstFinishedAt: pushed.firstFinishedAt,
    systemIdentifier: identity.systemIdentifier,
    durationMs: Date.now() - startedAt,
  };
}

/** The claim here and the Postgres at the other end of the Service must be one and the same. */
function assertSameCluster({ systemIdentifier }: ClusterIdentity, ofServer: string): void {
  if (systemIdentifier === ofServer) return;
  throw new Error(
    `the mounted data are of cluster ${systemIdentifier}, the server that answers is ${ofServer}; nothing was written`,
  );
}

interface Pushed {
  readonly made: Backup;
  readonly firstFinishedAt: string;
}

async function push(context: AgentContext, identity: ClusterIdentity, timeoutMs: number): Promise<Pushed> {
  const { engine, log, policyPrefix, namespace, database, pgdata } = context;
  const prefix = buildStoragePrefix(policyPrefix, namespace, database, identity);
  const env = {
    ...buildEngineEnv(context, prefix, await requireCredentials()),
    ...(await buildConnectionEnv(context)),
  };
  const before = new Set((await listBackups(engine, env)).map(({ name }) => name));
  const onStderr = (line: string) => log.info(line);
  const result = await run(engine.binary, engine.backupPushArgs(pgdata), { env, timeoutMs, onStderr });
  if (result.code !== 0) throw engineError('backup-push', result);
  const stored = await listBackups(engine, env);
  const made = stored.filter(({ name }) => !before.has(name)).at(-1);
  if (!made) throw new Error('backup-push reported success, but the store lists no new backup');
  return { made, firstFinishedAt: stored[0]?.finishedAt ?? made.finishedAt };
}
