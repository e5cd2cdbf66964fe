// Keeps a Restore that has stopped its database from going before the database runs again. No I/O. Room: controller (door).
import { IN_PLACE_FINALIZER } from '../api/names.ts';
import type { Restore, RestoreStatus } from '../api/restore.ts';
import type { Action } from './action.ts';
import { isUnfinished } from './world.ts';

/** Its Jobs go with it, and what it knows: without a hold a deletion in the middle would leave the database at 0. */
export function isHolding(status: RestoreStatus | undefined): boolean {
  const { inPlace } = status ?? {};
  return inPlace !== undefined && inPlace.step !== 'Looking' && isUnfinished(status ? { status } : {});
}

/** @returns what makes the hold as `status` needs it; one that is being deleted can get none any more */
export function planHold({ apiVersion, kind, metadata }: Restore, status: RestoreStatus | undefined): Action[] {
  const { name = '', namespace = '', uid, finalizers, deletionTimestamp } = metadata;
  const isHeld = finalizers?.includes(IN_PLACE_FINALIZER) === true;
  const wanted = isHolding(status);
  if (wanted === isHeld || (wanted && deletionTimestamp !== undefined)) return [];
  const held = { name, namespace, ...(uid ? { uid } : {}), finalizers: wanted ? [IN_PLACE_FINALIZER] : [] };
  return [{ verb: 'hold', object: { apiVersion, kind, metadata: held } }];
}
