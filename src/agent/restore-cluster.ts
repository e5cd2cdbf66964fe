// Which Postgres cluster a restore reads, where only the database's folder in the store was named. Room: agent (door).
import { isStoragePrefix } from '../lib/cluster-identity.ts';
import { type ChosenCluster, chooseCluster } from '../lib/stored-clusters.ts';
import { listObjects } from '../tools/object-stream.ts';
import type { AgentContext } from './context.ts';
import { buildEngineEnv, type Credentials } from './storage.ts';

const TIMEOUT_MS = 600_000;

/** @param named of a cluster, or a folder of clusters; @throws Error where there is none to restore */
export async function findCluster(
  context: AgentContext,
  named: string,
  credentials: Credentials,
): Promise<ChosenCluster> {
  if (isStoragePrefix(named)) return { prefix: named };
  const env = buildEngineEnv(context, named, credentials);
  const found = chooseCluster(
    named,
    await listObjects({ engine: context.engine, env, signal: AbortSignal.timeout(TIMEOUT_MS) }),
  );
  context.log.info({ prefix: found.prefix }, found.note ?? 'the only cluster there');
  return found;
}
