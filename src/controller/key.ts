// What one look is about: a database or a Restore; and which of them an object's change concerns. No I/O.
// Room: controller (door).

import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { Restore } from '../api/restore.ts';
import { homeOf } from '../companion/instance.ts';
import { destinationName } from '../lib/restore-spec.ts';
import { policyOf } from '../policy/policy-of.ts';

export interface Subject {
  readonly kind: 'database' | 'restore';
  readonly namespace: string;
  readonly name: string;
}

export function databaseKey(namespace: string, name: string): string {
  return `database/${namespace}/${name}`;
}

export function restoreKey(namespace: string, name: string): string {
  return `restore/${namespace}/${name}`;
}

export function parseKey(key: string): Subject {
  const [kind, namespace = '', name = ''] = key.split('/');
  return { kind: kind === 'restore' ? 'restore' : 'database', namespace, name };
}

/** What an object's changes are looked up by, besides its name. */
export interface Neighbours {
  readonly restores: readonly Restore[];
  readonly statefulSets: readonly StatefulSet[];
}

/**
 * | what changed                    | is looked at                                                            |
 * | StatefulSet, ProtectedDatabase  | the database of its name, and the Restores from it or to it             |
 * | BackupPolicy                    | each database that names it                                             |
 * | Restore                         | itself, the database that it reads and the one that it makes            |
 * | of ours, by its labels          | the database that it serves, wherever; the Restore that it belongs to   |
 * | pod of a StatefulSet            | the database of that name, and the Restores to it                       |
 */
export function listConcerned(object: KubeObject, neighbours: Neighbours): string[] {
  const { namespace = '', name = '' } = object.metadata;
  switch (object.kind) {
    case 'BackupPolicy':
      return neighbours.statefulSets
        .filter((each) => policyOf(each) === name)
        .map(({ metadata }) => databaseKey(metadata.namespace ?? '', metadata.name ?? ''));
    case 'Restore': {
      const { spec } = object as Restore;
      const { source } = spec;
      const databases = [source.database, destinationName(spec)].map((each) => databaseKey(namespace, each));
      return [restoreKey(namespace, name), ...databases];
    }
    case 'StatefulSet':
    case 'ProtectedDatabase':
      return [databaseKey(namespace, name), ...listRestoresOf(namespace, name, neighbours.restores)];
    default: {
      const restore = object.metadata.labels?.[LABEL.restore];
      const database = databaseOf(object);
      return [
        ...(database === undefined ? [] : [databaseKey(homeOf(object), database)]),
        ...(restore === undefined ? [] : [restoreKey(namespace, restore)]),
        ...(database === undefined || object.kind !== 'Pod'
          ? []
          : listRestoresOf(homeOf(object), database, neighbours.restores)),
      ];
    }
  }
}

/** Name of the StatefulSet that an object of ours serves, or that a pod belongs to. */
export function databaseOf({ metadata }: KubeObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'StatefulSet' && controller === true);
  return metadata.labels?.[LABEL.database] ?? owner?.name;
}

/** Keys of the Restores that read a database or make it. */
export function listRestoresOf(namespace: string, database: string, restores: readonly Restore[]): string[] {
  return restores
    .filter(
      ({ metadata, spec }) =>
        metadata.namespace === namespace && (spec.source.database === database || destinationName(spec) === database),
    )
    .map(({ metadata }) => restoreKey(namespace, metadata.name ?? ''));
}
