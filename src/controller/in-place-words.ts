// What a Restore in place says at its end. No I/O. Room: controller (door).
import type { InPlaceStatus, Restore } from '../api/restore.ts';
import type { Scene } from './in-place-scene.ts';
import { namespaceOf } from './world.ts';

export function describeEnd({ metadata, spec }: Restore, { aside = '' }: InPlaceStatus): string {
  const { namespace, name } = metadata;
  const { database } = spec.source;
  return `"${database}" is promoted and archives on its own. The old data are kept in ${aside}. Back to them: walguard restore --undo ${name} --confirm ${database} -n ${namespace}. To remove them: kubectl -n ${namespace} exec ${database}-0 -- rm -rf ${aside}`;
}

export function bothOf(why: string | undefined, then: string): string {
  return why === undefined ? then : `${why}; and what it had done could not be undone: ${then}`;
}

export function leftStopped({ restore, maker }: Scene): string {
  const { database } = restore.spec.source;
  return `"${database}" is left at 0 replicas, because a start could make an empty database. To try again: walguard restore --undo ${maker.name} --confirm ${database} -n ${namespaceOf(restore)}`;
}
