// Does the store read and write with the credentials that are there now, and is this the one who may write? Asked on a
// timer, so that revoked credentials show while the database is idle. Room: agent (door).
import type { StorageProbe } from '../api/protected-database.ts';
import { checkWrite, type Place } from '../tools/object-store.ts';
import type { AgentContext } from './context.ts';
import { readOwner, writeOwner } from './owner.ts';
import { type Claimant, decideOwner, type OwnerVerdict } from './owner-decision.ts';
import { buildEngineEnv, type Credentials } from './storage.ts';

export interface ProbeOrder {
  readonly prefix: string;
  readonly credentials: Credentials;
  readonly claimant: Claimant & { readonly writer: string };
  /** A standby writes no WAL, and Postgres that is not up may turn out to be one. */
  readonly mayClaim: boolean;
}

export interface ProbeAnswer {
  readonly probe: StorageProbe;
  /** Undefined where the store could not be asked. */
  readonly verdict?: OwnerVerdict;
  /** Undefined as well then: has anybody ever claimed the prefix? */
  readonly isOwned?: boolean;
}

/** Of one call of the engine. Three of them end before the next probe is due. */
const TIMEOUT_MS = 15_000;

export async function probeStorage(context: AgentContext, order: ProbeOrder): Promise<ProbeAnswer> {
  const env = buildEngineEnv(context, order.prefix, order.credentials);
  const place: Place = { engine: context.engine, env, timeoutMs: TIMEOUT_MS };
  const checkedAt = new Date().toISOString();
  const read = await attempt(() => readOwner(place));
  if (read.failure !== undefined) {
    const { failure } = await attempt(() => checkWrite(place));
    const writable = failure === undefined;
    return { probe: { checkedAt, readable: false, writable, reason: 'NotReadable', message: read.failure } };
  }
  const verdict = decideOwner(read.value, order.claimant, checkedAt);
  const { failure } = await attempt(() => write(context, place, order, verdict, checkedAt));
  const base = { checkedAt, readable: true, writable: failure === undefined };
  const hasClaimed = verdict.kind === 'ours' && order.mayClaim && failure === undefined;
  const isOwned = read.value !== undefined || hasClaimed;
  if (failure !== undefined) return { probe: { ...base, reason: 'NotWritable', message: failure }, verdict, isOwned };
  if (verdict.kind === 'ours') return { probe: base, verdict, isOwned };
  return { probe: { ...base, reason: verdict.reason, message: verdict.message }, verdict, isOwned };
}

/** The owner's record is the object that an owner writes; everybody else writes one and removes it. */
async function write(
  context: AgentContext,
  place: Place,
  { claimant, mayClaim }: ProbeOrder,
  verdict: OwnerVerdict,
  now: string,
): Promise<void> {
  if (verdict.kind === 'refused' || !mayClaim) return checkWrite(place);
  await writeOwner(place, context.env.HOME ?? '/tmp', { ...claimant, since: verdict.since, renewedAt: now });
}

type Attempt<T> = { readonly value: T; readonly failure?: undefined } | { readonly failure: string };

async function attempt<T>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}
