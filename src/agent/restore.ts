// Fills an empty volume with a base backup and leaves it ready to recover to the target. Room: agent (door).
import type { RestoreRecord, RestoreReport } from '../api/reports.ts';
import { buildStoragePrefix, parseStoragePrefix } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import type { StoreContents, StoredBackup } from '../lib/store-contents.ts';
import { chooseRestorable, isAlone } from '../lib/windows.ts';
import { engineError, isPrefixEmpty } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { flushWal } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import { type AgentContext, readContext } from './context.ts';
import { isOpenTo } from './daemon-plan.ts';
import { assertEmpty, fetchInto, prepareRecovery } from './data-directory.ts';
import { buildEngineEnv, requireCredentials } from './storage.ts';

const FLUSH_TIMEOUT_MS = 60_000;

export async function runRestore(env: NodeJS.ProcessEnv): Promise<RestoreReport> {
  const context = readContext('restore', env);
  const startedAt = Date.now();
  const storagePrefix = requireVariable(env, 'WALGUARD_SOURCE_PREFIX');
  const targetTime = requireVariable(env, 'WALGUARD_TARGET_TIME');
  await assertEmpty(context.pgdata);
  const engineEnv = buildEngineEnv(context, storagePrefix, await requireCredentials());
  const destination = requireVariable(env, 'WALGUARD_DESTINATION');
  assertWillBeServed(context, storagePrefix, destination);
  await assertOwnPrefixFree(context, engineEnv, storagePrefix, destination);
  await flushSource(context);

  const contents = await readStoreContents(context.engine, engineEnv);
  const base = chooseBase(context, contents, targetTime);
  if (!base) throw new Error(explainNoBase(targetTime, contents.backups[0]?.finishedAt));
  const target = chooseTarget(contents, base, targetTime);
  context.log.info({ backup: base.name, targetTime, ...target }, 'fetching');
  const timeoutMs = Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000;
  await fetchInto(context.pgdata, async (directory) => {
    const args = context.engine.backupFetchArgs(directory, base.name);
    const onStderr = (line: string) => context.log.info(line);
    const result = await run(context.engine.binary, args, { env: engineEnv, timeoutMs, onStderr });
    if (result.code !== 0) throw engineError('backup-fetch', result);
  });
  const restore = requireVariable(env, 'WALGUARD_RESTORE');
  await prepareRecovery(context.pgdata, { restore, storagePrefix, targetTime, ...target, baseBackup: base.name });
  return {
    ok: true,
    baseBackup: base.name,
    durationMs: Date.now() - startedAt,
    bytes: base.uncompressedBytes,
  };
}

/**
 * The newest good one before the target. Where all of them look bad the newest is tried all the same: it is the last hope, and what
 * a listing tells may be wrong.
 */
function chooseBase({ log }: AgentContext, contents: StoreContents, targetTime: string): StoredBackup | undefined {
  const good = chooseRestorable(contents, targetTime);
  if (good) return good;
  const last = contents.backups.filter(({ finishedAt }) => Date.parse(finishedAt) <= Date.parse(targetTime)).at(-1);
  if (last) log.warn({ backup: last.name }, 'no base backup before the target is as it should be; trying the newest');
  return last;
}

/** @throws Error where the target lies behind a base backup that has no WAL after it */
function chooseTarget(contents: StoreContents, base: StoredBackup, targetTime: string): Pick<RestoreRecord, 'target'> {
  if (!isAlone(contents, base)) return {};
  if (Date.parse(targetTime) <= Date.parse(base.finishedAt)) return { target: 'immediate' };
  throw new Error(
    `${targetTime} cannot be restored: of the base backup before it, ${base.name}, only its own moment is kept. Name ${base.finishedAt}, or a time in one of the recovery windows of its ProtectedDatabase`,
  );
}

/** By the sidecar of the new StatefulSet, which has the policy as it is now: better to know before all is fetched. */
function assertWillBeServed({ policyPrefix, namespace }: AgentContext, storagePrefix: string, database: string): void {
  if (isOpenTo({ policyPrefix, namespace, database }, storagePrefix)) return;
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

function explainNoBase(targetTime: string, oldest: string | undefined): string {
  const have = oldest ? `the oldest one was finished at ${oldest}` : 'the store lists none for this database';
  return `no base backup was finished before ${targetTime}: ${have}`;
}
