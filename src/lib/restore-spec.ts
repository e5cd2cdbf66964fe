// What a Restore is about, whichever way it says so. Room: lib (pure).
import type { RestoreSpec } from '../api/restore.ts';

/** Name of what comes to be: a StatefulSet, or a claim alone. */
export function destinationName({ destination }: RestoreSpec): string {
  return destination.statefulSet ?? destination.claim ?? '';
}

/** In a sentence. */
export function describeDestination({ destination }: RestoreSpec): string {
  const { statefulSet, claim } = destination;
  return statefulSet === undefined ? `PersistentVolumeClaim "${claim}"` : `StatefulSet "${statefulSet}"`;
}
