// The job of a restore in place, while no database pod is there: takes the place of the old data, or puts them back.
// Room: agent (door).
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PutBackReport } from '../api/reports.ts';
import { type Places, placesOf } from '../lib/aside.ts';
import { buildStoragePrefix } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import type { AgentContext } from './context.ts';
import { readIdentity } from './data-directory.ts';
import { assertPlaceable, assertRoom, exists, putBack, readMaker, readPostmasterPid, takePlace } from './in-place.ts';
import { closePrefix, reopenPrefix } from './prefix-closing.ts';
import { buildEngineEnv, requireCredentials } from './storage.ts';

/** Of the restore that made, or is to make, what lies in the data directory. */
function readPlaces({ env, pgdata }: AgentContext): Places {
  return placesOf(pgdata, requireVariable(env, 'WALGUARD_RESTORE'), requireVariable(env, 'WALGUARD_INCARNATION'));
}

/**
 * A second run of the same restore finds its uid in the record and does nothing: what was replayed once is somebody's data.
 *
 * @param fill fetches into the directory and prepares its recovery
 * @returns where the old data are
 */
export async function takePlaceOf(
  context: AgentContext,
  dataBytes: number,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const { env, pgdata, log } = context;
  const places = readPlaces(context);
  if ((await readMaker(pgdata)) === requireVariable(env, 'WALGUARD_RESTORE_UID')) {
    log.warn({ pgdata }, 'this restore has made these data already; nothing is done');
    return places.aside;
  }
  await assertPlaceable(places);
  const pid = await readPostmasterPid(pgdata);
  await assertRoom(places, dataBytes);
  await rm(places.work, { recursive: true, force: true });
  try {
    await fill(places.work);
    await closePrefix(await placeOf(context, pgdata), `${env.WALGUARD_RESTORE}, ${env.WALGUARD_INCARNATION}`);
    await takePlace(places, pid);
  } catch (error) {
    await rm(places.work, { recursive: true, force: true });
    throw error;
  }
  log.info({ pgdata, aside: places.aside }, 'the old data are kept aside');
  return places.aside;
}

/** @param task undo: only where the data that are there now are those of that very restore */
export async function putBackFor(context: AgentContext, task: 'put-back' | 'undo'): Promise<PutBackReport> {
  const { env, pgdata, log } = context;
  const places = readPlaces(context);
  try {
    const maker = await readMaker(pgdata);
    if (task === 'undo' && (await exists(places.aside)) && maker !== env.WALGUARD_RESTORE_UID && (await exists(pgdata)))
      throw new Error(
        `the data in ${pgdata} are not of Restore "${env.WALGUARD_RESTORE}" any more; nothing was touched`,
      );
    await putBack(places);
    await reopen(context);
    log.info({ pgdata, made: places.made }, 'the old data are in their place again');
    return { ok: true, ...((await exists(places.made)) ? { made: places.made } : {}) };
  } catch (error) {
    const { message } = error as Error;
    log.error({ error: message }, 'the old data could not be put back');
    const identity = await readIdentity(pgdata).catch(() => undefined);
    return { ok: false, message, isWhole: identity !== undefined };
  }
}

const REOPEN_TRIES = 6;
const REOPEN_PAUSE_MS = 5000;

/** The store may be away, and be why it was put back. The database does not wait for it for long. */
async function reopen(context: AgentContext): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await reopenPrefix(await placeOf(context, context.pgdata));
    } catch (error) {
      const { message } = error as Error;
      if (tries === REOPEN_TRIES)
        throw new Error(
          `the old data are in their place again, but the store could not be told that they archive there: ${message}. Where archiving is refused as LeftByRestore: walguard restore --undo ${context.env.WALGUARD_RESTORE} --confirm ${context.database}`,
        );
      context.log.warn({ error: message }, 'the prefix could not be opened again; once more');
      await sleep(REOPEN_PAUSE_MS);
    }
  }
}

/** In the store, of the cluster that the directory holds. */
async function placeOf(context: AgentContext, directory: string) {
  const identity = await readIdentity(directory);
  if (!identity) throw new Error(`${directory} holds no Postgres cluster`);
  const { engine, policyPrefix, namespace, database } = context;
  const prefix = buildStoragePrefix(policyPrefix, namespace, database, identity);
  return { engine, env: buildEngineEnv(context, prefix, await requireCredentials()), timeoutMs: 60_000, context };
}
