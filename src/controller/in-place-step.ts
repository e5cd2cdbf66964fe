// What the steps of a Restore in place are made of. No I/O. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { InPlaceStatus, Restore, RestoreStatus } from '../api/restore.ts';
import { buildInPlaceJob, type Task } from '../companion/restore-in-place.ts';
import type { Action } from './action.ts';
import type { Scene } from './in-place-scene.ts';
import type { Step } from './restore-step.ts';
import { find, namespaceOf, type World } from './world.ts';

export const DELETED = 'the Restore was deleted before its end';

export function isDeleted({ metadata }: Restore): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Of a StatefulSet that has gone nothing is stopped, and nobody waits for it any more who wants the Restore to go as well. */
export function isThere(restore: Restore, world: World): boolean {
  return (
    !isDeleted(restore) || find(world.statefulSets, namespaceOf(restore), restore.spec.source.database) !== undefined
  );
}

export function isStopped({ source, instance, world, restore }: Scene): boolean {
  const { replicas } = (source.status ?? {}) as { replicas?: number };
  const isAsked = source.spec.replicas === 0 && (replicas ?? 0) === 0;
  return isAsked && find(world.pods, namespaceOf(restore), instance.pod) === undefined;
}

export function goTo(
  restore: Restore,
  inPlace: InPlaceStatus,
  phase: NonNullable<RestoreStatus['phase']>,
  more: Partial<RestoreStatus> = {},
): RestoreStatus {
  return { ...restore.status, ...more, phase, inPlace };
}

export function stay({ status = {} }: Restore): Step {
  return { actions: [], status };
}

/** With the StatefulSet at so many replicas; asked for where it is not. */
export function scaled({ source }: Scene, replicas: number, status: RestoreStatus): Step {
  return { actions: (source.spec.replicas ?? 1) === replicas ? [] : [scaleTo(source, replicas)], status };
}

function scaleTo({ metadata: { name, namespace } }: StatefulSet, replicas: number): Action {
  const metadata = { ...(name ? { name } : {}), ...(namespace ? { namespace } : {}) };
  return { verb: 'scale', object: { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { replicas } } };
}

export function make(scene: Scene, task: Task, status: RestoreStatus): Step {
  const { subject, restore, instance, maker } = scene;
  const object = buildInPlaceJob(subject, restore, instance, task, maker, status.storagePrefix);
  return { actions: [{ verb: 'create', object }], status };
}
