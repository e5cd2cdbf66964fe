// What a Restore is about, whichever way it says so. Room: lib (pure).
import type { RestoreSpec } from '../api/restore.ts';

/** Name of what comes to be: a StatefulSet, or a claim alone; in place it is the source itself. */
export function destinationName({ destination, source }: RestoreSpec): string {
  return destination.statefulSet ?? destination.claim ?? source.database;
}

/** In a sentence. */
export function describeDestination({ destination, source }: RestoreSpec): string {
  const { statefulSet, claim, inPlace } = destination;
  if (inPlace) return `the place of "${source.database}" itself`;
  return statefulSet === undefined ? `PersistentVolumeClaim "${claim}"` : `StatefulSet "${statefulSet}"`;
}
