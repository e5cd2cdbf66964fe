// What a Restore is about, whichever way it says so. Room: lib (pure).
import type { RestoreSpec, RestoreTarget } from '../api/restore.ts';

/** Name of what comes to be: a StatefulSet, or a claim alone; in place, and for a new database in it, the source itself. */
export function destinationName({ destination, source }: RestoreSpec): string {
  return destination.statefulSet ?? destination.claim ?? source.database;
}

/** In a sentence. */
export function describeDestination({ destination, source }: RestoreSpec): string {
  const { statefulSet, claim, inPlace, database } = destination;
  if (database) return `database "${database.name}" of "${source.database}"${describeSwap(database)}`;
  if (inPlace) return `the place of "${source.database}" itself`;
  return statefulSet === undefined ? `PersistentVolumeClaim "${claim}"` : `StatefulSet "${statefulSet}"`;
}

/** In a column, as kubectl names objects: `statefulset/orders-before`, `pvc/data-copy-0`, `statefulset/orders in place`, `database/shop`. */
export function nameDestination({ destination, source }: RestoreSpec): string {
  const { statefulSet, claim, inPlace, database } = destination;
  if (database) return `database/${database.name}`;
  if (inPlace) return `statefulset/${source.database} in place`;
  return statefulSet === undefined ? `pvc/${claim}` : `statefulset/${statefulSet}`;
}

/** A dump is of one moment, and so has no target: what is in it is the latest. */
export function targetOf({ target = { latest: true } }: RestoreSpec): RestoreTarget {
  return target;
}

function describeSwap({ swap }: NonNullable<RestoreSpec['destination']['database']>): string {
  return swap === undefined ? '' : `, and then in the place of "${swap}"`;
}
