// Keeps the engine's daemons right for the data directory that is there. Room: agent (door).
import type { RestoreRecord } from '../api/reports.ts';
import { buildStoragePrefix } from '../lib/cluster-identity.ts';
import type { AgentContext } from './context.ts';
import { planDaemons } from './daemon-plan.ts';
import { finishRestore, readIdentity, readRestoreRecord } from './data-directory.ts';
import type { Loop, Sidecar } from './loop.ts';
import { explainUnserved } from './restore-signature.ts';
import type { State } from './state.ts';
import { readSecrets } from './storage.ts';

export const daemonsLoop: Loop = { name: 'daemons', everyMs: 500, tick: (sidecar) => tickDaemons(sidecar) };

export async function tickDaemons({ context, state, supervisor }: Sidecar, readStorage = readSecrets): Promise<void> {
  try {
    state.identity = await readIdentity(context.pgdata);
    const { credentials, encryptionKeyId, lack } = await readStorage(context.env);
    Object.assign(state, { credentials, encryptionKeyId, lack });
    const record = await readRecord(context, state);
    state.unserved = record === undefined ? undefined : explain(record, context, state);
    const restore = state.unserved === undefined ? (record as RestoreRecord | undefined) : undefined;
    await supervisor.apply(planDaemons(context, state.identity, restore, state));
  } catch (error) {
    // What runs goes on: nothing is known against it.
    state.unserved = undefined;
    state.message = (error as Error).message;
    context.log.error({ error: state.message }, 'could not look at the data directory');
  }
}

/**
 * What is to be recovered from; a promoted Postgres is asked no more. It is put aside only when the store knows that this one has
 * archived on its own: so one that is put back is known for what it is.
 */
async function readRecord(context: AgentContext, state: State): Promise<unknown> {
  const record = await readRestoreRecord(context.pgdata);
  if (record === undefined || state.observed?.inRecovery !== false) return record;
  if (isOwned(context, state)) await finishRestore(context.pgdata);
  return undefined;
}

/** Without data or credentials no daemon runs at all, and that is said elsewhere. */
function explain(record: unknown, context: AgentContext, state: State): string | undefined {
  const { identity, credentials } = state;
  if (!identity || !credentials) return undefined;
  const { namespace, database } = context;
  return explainUnserved(record, { namespace, database, identity, credentials, isOwned: isOwned(context, state) });
}

/** Undefined while the store has not said for the prefix that is this one's now. */
function isOwned({ policyPrefix, namespace, database }: AgentContext, { identity, owned }: State): boolean | undefined {
  if (!identity || !owned) return undefined;
  return owned.prefix === buildStoragePrefix(policyPrefix, namespace, database, identity) ? owned.isOwned : undefined;
}
