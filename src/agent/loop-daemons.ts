// Keeps the engine's daemons right for the data directory that is there. Room: agent (door).
import type { RestoreRecord } from '../api/reports.ts';
import { explainForeignSource, planDaemons } from './daemon-plan.ts';
import { finishRestore, readIdentity, readRestoreRecord } from './data-directory.ts';
import type { Loop, Sidecar } from './loop.ts';
import { readSecrets } from './storage.ts';

export const daemonsLoop: Loop = { name: 'daemons', everyMs: 500, tick: tickDaemons };

export async function tickDaemons({ context, state, supervisor }: Sidecar): Promise<void> {
  try {
    state.identity = await readIdentity(context.pgdata);
    const { credentials, encryptionKeyId, lack } = await readSecrets(context.env);
    Object.assign(state, { credentials, encryptionKeyId, lack });
    const restore = await readRestore(context.pgdata, state.observed?.inRecovery === false);
    state.foreignSource = restore && explainForeignSource(context, restore);
    await supervisor.apply(planDaemons(context, state.identity, restore, state));
  } catch (error) {
    // What runs goes on: nothing is known against it.
    state.foreignSource = undefined;
    state.message = (error as Error).message;
    context.log.error({ error: state.message }, 'could not look at the data directory');
  }
}

/** What is to be recovered from; a promoted Postgres is asked no more. */
async function readRestore(pgdata: string, isPromoted: boolean): Promise<RestoreRecord | undefined> {
  const restore = await readRestoreRecord(pgdata);
  if (!restore || !isPromoted) return restore;
  await finishRestore(pgdata);
  return undefined;
}
