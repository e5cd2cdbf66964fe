// Asks Postgres how archiving goes. Room: agent (door).
import { withoutLetGo } from '../lib/letting-go.ts';
import { observe } from '../tools/postgres.ts';
import type { Loop, Sidecar } from './loop.ts';

export const postgresLoop: Loop = { name: 'postgres', everyMs: 2000, tick };

async function tick({ context, state, metrics }: Sidecar): Promise<void> {
  try {
    const observed = await observe(context.connection);
    state.observed = { ...observed, archiver: withoutLetGo(observed.archiver, state.lettingGo?.record) };
    state.isCommandOurs = state.observed.settings.isCommandOurs;
    state.message = undefined;
  } catch (error) {
    state.observed = undefined;
    state.message = `Postgres does not answer: ${(error as Error).message}`;
  }
  metrics.observeArchiver(state.observed?.archiver);
}
