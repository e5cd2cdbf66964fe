// Fills an empty volume with a base backup and leaves it ready to recover to the target. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { PutBackReport, RestoreRecord, RestoreReport } from '../api/reports.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import type { RestorePlan } from '../lib/restore-plan.ts';
import { describePlan, summarise } from '../lib/restore-words.ts';
import { flushWal } from '../tools/postgres.ts';
import { type AgentContext, readContext } from './context.ts';
import { assertEmpty, prepareRecovery, readIdentity } from './data-directory.ts';
import { findCluster } from './restore-cluster.ts';
import { fetchBackup } from './restore-fetch.ts';
import { putBackFor, takePlaceOf } from './restore-in-place.ts';
import { type Progress, serveProgress } from './restore-progress.ts';
import { readRates } from './restore-rates.ts';
import { planFrom } from './restore-search.ts';
import { signRecord } from './restore-signature.ts';
import { buildEngineEnv, type Credentials, requireCredentials } from './storage.ts';

const FLUSH_TIMEOUT_MS = 60_000;

export async function runRestore(env: NodeJS.ProcessEnv): Promise<RestoreReport | PutBackReport> {
  const context = readContext('restore', env);
  const { WALGUARD_IN_PLACE: task } = env;
  if (task === 'put-back' || task === 'undo') return putBackFor(context, task);
  const progress = serveProgress(context);
  try {
    return await restore(context, progress, task === 'take-place');
  } finally {
    progress.close();
  }
}

async function restore(context: AgentContext, progress: Progress, isInPlace: boolean): Promise<RestoreReport> {
  const { env, log, pgdata } = context;
  const startedAt = Date.now();
  const named = requireVariable(env, 'WALGUARD_SOURCE_PREFIX');
  const asked = JSON.parse(requireVariable(env, 'WALGUARD_TARGET')) as RestoreTarget;
  const isPlanOnly = env.WALGUARD_PLAN_ONLY === '1';
  if (!isPlanOnly && !isInPlace) await assertEmpty(pgdata);
  const credentials = await waitForCredentials(context);
  const { prefix: storagePrefix, note } = await findCluster(context, named, credentials);
  const engineEnv = buildEngineEnv(context, storagePrefix, credentials);
  if (env.WALGUARD_PGHOST && (!isPlanOnly || env.WALGUARD_FLUSH === '1')) await flushSource(context);

  const plan = await planFrom(context, engineEnv, storagePrefix, asked);
  const summary = summarise(plan, await readRates(context, storagePrefix, credentials));
  log.info({ plan: summary }, describePlan(summary));
  const notes = [...(note === undefined ? [] : [note]), ...plan.notes];
  for (const each of notes) log.warn(each);
  let aside: string | undefined;
  if (!isPlanOnly) {
    await progress.begin(summary);
    const timeoutMs = Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000;
    const fill = async (directory: string) => {
      const there = { ...context, pgdata: directory };
      await fetchBackup(there, engineEnv, plan.baseBackup.name, { timeoutMs });
      const record = signRecord(await describeRestore(there, storagePrefix, plan), credentials);
      await prepareRecovery(directory, plan.target, record);
    };
    if (isInPlace) aside = await takePlaceOf(context, summary.dataBytes, fill);
    else await fill(pgdata);
  }
  return {
    ok: true,
    storagePrefix,
    plan: summary,
    durationMs: Date.now() - startedAt,
    ...(notes.length > 0 ? { note: notes.join('; ') } : {}),
    ...(aside === undefined ? {} : { aside }),
  };
}

/** In a namespace that was just made the Secret is still being copied, and the kubelet hands it to a pod within a minute or two. */
const CREDENTIALS_TIMEOUT_MS = 180_000;

async function waitForCredentials({ log }: AgentContext): Promise<Credentials> {
  const deadline = performance.now() + CREDENTIALS_TIMEOUT_MS;
  for (let looks = 1; ; looks++) {
    try {
      return await requireCredentials();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (looks === 1) log.warn({ error: (error as Error).message }, 'waiting for them');
      await sleep(1000);
    }
  }
}

/** For whom what was fetched is: no other sidecar serves it a recovery. */
async function describeRestore(
  { env, pgdata, namespace }: AgentContext,
  storagePrefix: string,
  { baseBackup, target }: RestorePlan,
): Promise<Omit<RestoreRecord, 'signature'>> {
  const { systemIdentifier } = parseStoragePrefix(storagePrefix);
  const fetched = (await readIdentity(pgdata))?.systemIdentifier;
  if (fetched !== systemIdentifier)
    throw new Error(
      `${baseBackup.name} is of cluster ${fetched ?? 'that nothing tells'}, and not of ${systemIdentifier}`,
    );
  const { WALGUARD_DESTINATION: database } = env;
  return {
    restore: requireVariable(env, 'WALGUARD_RESTORE'),
    uid: requireVariable(env, 'WALGUARD_RESTORE_UID'),
    namespace,
    ...(database ? { database } : {}),
    systemIdentifier,
    incarnation: requireVariable(env, 'WALGUARD_INCARNATION'),
    storagePrefix,
    target,
    baseBackup: baseBackup.name,
  };
}

/** A source that still runs holds changes that are not archived yet; one that is gone must not stop the restore. */
async function flushSource({ connection, log }: AgentContext): Promise<void> {
  try {
    const segment = await flushWal(connection, FLUSH_TIMEOUT_MS);
    log.info({ segment }, "the source's WAL is archived up to now");
  } catch (error) {
    log.warn(
      { error: (error as Error).message },
      'could not archive the newest WAL of the source; restoring from what is archived',
    );
  }
}
