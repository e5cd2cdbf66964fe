// Which of a database's Postgres clusters a Restore reads, and whose WAL is flushed first. No I/O. Room: controller (door).
import type { Instance } from '../api/protected-database.ts';
import type { Restore } from '../api/restore.ts';
import type { DumpSource } from '../companion/restore-dump.ts';
import { isOfDatabase } from '../lib/cluster-identity.ts';
import { listMembers } from '../lib/cluster-members.ts';
import type { Settings } from '../policy/settings.ts';

export interface RestoreSource {
  readonly storagePrefix: string;
  /** The pod that is asked to archive its newest WAL: the cluster's primary, if one was seen. */
  readonly pod: string;
}

/**
 * | prefix named | instance named | it is known, and where it archives | clusters known | source                |
 * | yes          |                |                                    |                | what lies there       |
 * | no           | yes            | no                                 |                | none: says what there is |
 * | no           | yes            | yes                                |                | that pod's cluster    |
 * | no           | no             |                                    | 0              | none                  |
 * | no           | no             |                                    | 1              | that one              |
 * | no           | no             |                                    | 2 or more      | none: name one        |
 *
 * Instances that were scaled away count: their backups are there.
 *
 * @returns the source; or, in words, why there is none
 */
export function chooseSource({ spec, metadata }: Restore, instances: readonly Instance[]): RestoreSource | string {
  const { database, instance: named, storagePrefix } = spec.source;
  if (storagePrefix !== undefined) return { storagePrefix, pod: `${database}-0` };
  // It is a pod's word: what another database archived is restored by name only.
  const namespace = metadata.namespace ?? '';
  const archived = instances.filter((each) => isOfDatabase(each.storagePrefix ?? '', namespace, database));
  const [first] = archived;
  if (!first) return `nothing is known of where "${database}" archives; see its ProtectedDatabase`;
  const there = archived.map(({ pod }) => pod).join(', ');
  if (named !== undefined) {
    const found = archived.find(({ pod }) => pod === named);
    return found
      ? toSource(found, archived)
      : `"${database}" has no instance "${named}" that archives; there are: ${there}`;
  }
  const clusters = new Set(archived.map(({ storagePrefix }) => storagePrefix));
  if (clusters.size === 1) return toSource(first, archived);
  return `the pods of "${database}" are ${clusters.size} clusters that have nothing in common; name the instance to restore (spec.source.instance, or --instance): ${there}`;
}

function toSource(instance: Instance, all: readonly Instance[]): RestoreSource {
  const members = listMembers(instance, all);
  const primary = members.find(({ inRecovery }) => inRecovery === false);
  return { storagePrefix: instance.storagePrefix ?? '', pod: (primary ?? instance).pod };
}

/**
 * Where the dumps of that cluster lie. On claims each pod that was its primary has one of its own.
 *
 * | prefix named | the policy keeps dumps on claims | instance named | dumps known | whose claim            |
 * | yes          |                                  |                |             | none: in the store     |
 * | no           | no                               |                |             | none: in the store     |
 * | no           | yes                              | yes            |             | that pod's             |
 * | no           | yes                              | no             | none        | the primary's          |
 * | no           | yes                              | no             | some        | that of the newest one |
 */
export function chooseDumps(
  { spec }: Restore,
  { dump }: Pick<Settings, 'dump'>,
  instances: readonly Instance[],
  { storagePrefix, pod }: RestoreSource,
): DumpSource {
  if (spec.source.storagePrefix !== undefined || dump?.destination.volume === undefined) return { storagePrefix };
  const dumped = instances.filter((each) => each.storagePrefix === storagePrefix && each.lastDump);
  dumped.sort((a, b) => Date.parse(b.lastDump?.finishedAt ?? '') - Date.parse(a.lastDump?.finishedAt ?? ''));
  return { storagePrefix, claimOf: spec.source.instance ?? dumped[0]?.pod ?? pod };
}
