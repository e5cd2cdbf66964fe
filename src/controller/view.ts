// One database as its planners see it. Room: controller (door).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { Instance as ObservedInstance, ProtectedDatabase } from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import { homeOf, type Instance, type Subject } from '../companion/instance.ts';
import type { Action } from './action.ts';
import { find, isUnfinished, type World } from './world.ts';

export interface DatabaseView {
  readonly subject: Subject;
  /** The database pods that there should be. */
  readonly instances: readonly Instance[];
  /** What is known of each pod, those that were scaled away included. */
  readonly known: readonly ObservedInstance[];
  /** Pods that were scaled away. */
  readonly retired: readonly ObservedInstance[];
  readonly world: World;
}

/** What one kind of companion of a database needs done. */
export type Planner = (view: DatabaseView) => Action[];

export function findDatabase(
  { metadata }: StatefulSet,
  { databases }: Pick<World, 'databases'>,
): ProtectedDatabase | undefined {
  return find(databases, metadata.namespace ?? '', metadata.name ?? '');
}

/** The CronJobs of one kind of companion of the database that are there, in whichever namespace, of pods that were scaled away too. */
export function listCronJobs({ subject, world }: DatabaseView, companion: string): KubeObject[] {
  const { name, namespace } = subject.workload.metadata;
  return world.companions.filter((each) => {
    const { labels } = each.metadata;
    const isIts = homeOf(each) === namespace && labels?.[LABEL.database] === name;
    return each.kind === 'CronJob' && isIts && labels?.[LABEL.companion] === companion;
  });
}

/** Name of the database pod that an object of ours serves. */
export function podOf({ metadata }: KubeObject): string {
  return metadata.labels?.[LABEL.instance] ?? '';
}

/** Until it is promoted there is nothing of its own to back up. What a Restore only reads goes on as ever. */
export function isBeingRestored({ workload }: Subject, { restores }: World): boolean {
  const { name, namespace } = workload.metadata;
  return restores.some(
    (restore) =>
      isUnfinished(restore) &&
      restore.metadata.namespace === namespace &&
      (restore.spec.destination.statefulSet ?? placeOf(restore)) === name,
  );
}

/** A dump would hold half of what is loaded, and be cut off by a swap. */
export function isBeingLoadedInto({ workload }: Subject, { restores }: World): boolean {
  const { name, namespace } = workload.metadata;
  return restores.some(
    (restore) =>
      isUnfinished(restore) &&
      restore.metadata.namespace === namespace &&
      restore.spec.destination.database !== undefined &&
      restore.spec.source.database === name,
  );
}

/** Name of the StatefulSet whose data a Restore replaces. */
function placeOf({ spec }: Restore): string | undefined {
  return spec.destination.inPlace && spec.source.database;
}

export function isArchiving(
  status: SidecarStatus | string | undefined,
): status is SidecarStatus & { clusterId: string } {
  return (
    typeof status === 'object' &&
    status.daemon === 'running' &&
    status.postgres === 'up' &&
    status.inRecovery === false &&
    status.clusterId !== undefined &&
    status.archiver?.archiveMode !== 'off' &&
    !status.archiver?.missingSettings?.includes('archive_command')
  );
}
