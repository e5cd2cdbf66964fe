// Keeps the engine's daemons right for the data directory that is there. Room: agent (door).
import { planDaemons } from './daemon-plan.ts';
import { finishRestore, readIdentity, readRestoreRecord } from './data-directory.ts';
import type { Loop, Sidecar } from './loop.ts';
import { readSecrets } from './storage.ts';

export const daemonsLoop: Loop = { name: 'daemons', everyMs: 500, tick: tickDaemons };

export async function tickDaemons({ context, state, supervisor }: Sidecar): Promise<void> {
  try {
    state.identity = await readIdentity(context.pgdata);
    const { credentials, encryptionKeyId, lack } = await readSecrets(context.env);
    Object.assign(state, { credentials, encryptionKeyId, lack });
    const restore = await readRestoreRecord(context.pgdata);
    if (restore && state.observed?.inRecovery === false) await finishRestore(context.pgdata);
    await supervisor.apply(planDaemons(context, state.identity, restore, state));
  } catch (error) {
    state.message = (error as Error).message;
    context.log.error({ error: state.message }, 'could not look at the data directory');
  }
}
