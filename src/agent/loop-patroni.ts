// Puts settings that Postgres lacks into Patroni's configuration. Room: agent (door).
import { isEqual } from '../lib/json.ts';
import { resolveRestApi } from '../tools/patroni.ts';
import type { Loop, Sidecar } from './loop.ts';
import { settle } from './patroni.ts';
import { findMissing } from './settings.ts';

export const patroniLoop: Loop = {
  name: 'patroni',
  everyMs: 5000,
  isWanted: ({ wanted }) => wanted.channel === 'rest',
  tick,
};

/** Only while Postgres lacks something: what the user changes later in Patroni's configuration is theirs, and is said. */
async function tick({ context, state }: Sidecar): Promise<void> {
  if (!state.observed || findMissing(state.observed, context.wanted).length === 0) return;
  const before = state.rest;
  state.rest = await settle(resolveRestApi(context.env), context.wanted);
  if (!isEqual(before, state.rest)) context.log.info({ outcome: state.rest }, "Patroni's configuration");
}
