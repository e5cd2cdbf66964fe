// A prefix that is left: after a restore in place its database archives below another one. Should the record of that be lost in
// the data directory, the sidecar would take the old prefix for its own; so it says in the store that it is nobody's.
// Room: agent (door).
import type { Place } from '../tools/object-store.ts';
import type { AgentContext } from './context.ts';
import { describeClaimant, readOwner, writeOwner } from './owner.ts';

export interface LeftPlace extends Place {
  readonly context: AgentContext;
}

/** @param leftFor which restore it was left for, in words */
export async function closePrefix(place: LeftPlace, leftFor: string): Promise<void> {
  const { context } = place;
  const now = new Date().toISOString();
  const owner = await readOwner(place);
  const nobody = { ...(await describeClaimant(context)), writer: `restore ${leftFor}`, since: now };
  await writeOwner(place, context.env.HOME ?? '/tmp', { ...(owner ?? nobody), renewedAt: now, leftFor });
}

/** For when the data that archived there are in their place again. */
export async function reopenPrefix(place: LeftPlace): Promise<void> {
  const owner = await readOwner(place);
  if (owner?.leftFor === undefined) return;
  const { leftFor: _, ...open } = owner;
  await writeOwner(place, place.context.env.HOME ?? '/tmp', open);
}
