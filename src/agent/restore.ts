// Fills an empty volume with a base backup and leaves it ready to recover to the target. Room: agent (door).
import type { RestoreReport } from '../api/reports.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { buildStoragePrefix, parseStoragePrefix } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import { planRestore, type RestorePlan } from '../lib/restore-plan.ts';
import { engineError, isPrefixEmpty } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { flushWal } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import { type AgentContext, readContext } from './context.ts';
import { isOpenTo } from './daemon-plan.ts';
import { assertEmpty, fetchInto, prepareRecovery } from './data-directory.ts';
import { readEnds } from './inventory.ts';
import { searchWal } from './restore-search.ts';
import { buildEngineEnv, requireCredentials } from './storage.ts';

const FLUSH_TIMEOUT_MS = 60_000;

export async function runRestore(env: NodeJS.ProcessEnv): Promise<RestoreReport> {
  const context = readContext('restore', env);
  const startedAt = Date.now();
  const storagePrefix = requireVariable(env, 'WALGUARD_SOURCE_PREFIX');
  const target = JSON.parse(requireVariable(env, 'WALGUARD_TARGET')) as RestoreTarget;
  await assertEmpty(context.pgdata);
  const engineEnv = buildEngineEnv(context, storagePrefix, await requireCredentials());
  const destination = env.WALGUARD_DESTINATION;
  if (destination) {
    assertWillBeServed(context, storagePrefix, destination);
    await assertOwnPrefixFree(context, engineEnv, storagePrefix, destination);
  }
  // Whoever names a prefix has no source that runs.
  if (context.restoreFrom === undefined) await flushSource(context);

  const plan = await planFrom(context, engineEnv, storagePrefix, target);
  const asked = describeTarget(plan.target);
  context.log.info(
    { backup: plan.baseBackup.name, target: asked, fetchBytes: plan.fetchBytes, wal: plan.wal },
    'fetching',
  );
  for (const note of plan.notes) context.log.warn(note);
  const timeoutMs = Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000;
  await fetchInto(context.pgdata, async (directory) => {
    const args = context.engine.backupFetchArgs(directory, plan.baseBackup.name);
    const onStderr = (line: string) => context.log.info(line);
    const result = await run(context.engine.binary, args, { env: engineEnv, timeoutMs, onStderr });
    if (result.code !== 0) throw engineError('backup-fetch', result);
  });
  const restore = requireVariable(env, 'WALGUARD_RESTORE');
  const baseBackup = plan.baseBackup.name;
  await prepareRecovery(context.pgdata, { restore, storagePrefix, target: plan.target, baseBackup });
  return {
    ok: true,
    baseBackup,
    durationMs: Date.now() - startedAt,
    bytes: plan.baseBackup.uncompressedBytes,
    target: asked,
    ...(plan.notes.length > 0 ? { note: plan.notes.join('; ') } : {}),
  };
}

async function planFrom(
  context: AgentContext,
  env: NodeJS.ProcessEnv,
  storagePrefix: string,
  target: RestoreTarget,
): Promise<RestorePlan> {
  const listed = await readStoreContents(context.engine, env);
  const { systemIdentifier } = parseStoragePrefix(storagePrefix);
  const contents = await readEnds(context.engine, env, listed, systemIdentifier);
  const known = await searchWal(context, env, contents, target, new AbortController().signal);
  return planRestore(contents, target, known);
}

/** By the sidecar of the new StatefulSet, which has the policy as it is now: better to know before all is fetched. */
function assertWillBeServed(context: AgentContext, storagePrefix: string, database: string): void {
  const { policyPrefix, namespace } = context;
  if (isOpenTo({ ...context, database }, storagePrefix)) return;
  throw new Error(
    `${storagePrefix} is no other database of namespace "${namespace}" under ${policyPrefix}, so "${database}" cannot be recovered from it. Where the policy's storage was changed since, set it back until the restore is complete`,
  );
}

/**
 * An earlier restore under the same name archived the same timeline there. Its segments differ and are never overwritten,
 * so this one could not archive: better to know now.
 */
async function assertOwnPrefixFree(
  { engine, policyPrefix, namespace }: AgentContext,
  env: NodeJS.ProcessEnv,
  sourcePrefix: string,
  destination: string,
): Promise<void> {
  const prefix = buildStoragePrefix(policyPrefix, namespace, destination, parseStoragePrefix(sourcePrefix));
  if (await isPrefixEmpty(engine, { ...env, WALG_S3_PREFIX: prefix })) return;
  throw new Error(
    `${prefix} already holds the backups of an earlier "${destination}", which a new one must not mix with; name another destination`,
  );
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
