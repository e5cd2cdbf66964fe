// What the controller wants done; carried out by act.ts in this order. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';

/**
 * mint: creates a Secret with credentials, or a key, that are made up then; one that is there stays.
 * hold: sets our finalizers of an object, and nothing else of it.
 * scale: sets the replicas of a StatefulSet, and nothing else of it.
 */
export type Verb = 'apply' | 'apply-status' | 'create' | 'delete' | 'hold' | 'mint' | 'scale';

export interface Action {
  readonly verb: Verb;
  /** To delete: as it was read, because its uid is what the API server is asked to make sure of. */
  readonly object: KubeObject;
  /** Actions of one name stand on one another: after one that failed, the rest of them is left for the next look. */
  readonly sequence?: string;
}

/** What can be made again from the policy at any time. Claims hold data, Jobs go with their owner. */
const DELETABLE = ['CronJob', 'Service'] as const;

/**
 * A companion that is not wanted any more: its section of the policy is gone, the method changed, its pod was scaled away.
 * Whatever is not ours, not known by uid or not of a kind that can be made again is left where it is.
 * @param live undefined where there is nothing to delete
 */
export function planDelete(live: KubeObject | undefined): Action[] {
  return live && isDeletable(live) ? [{ verb: 'delete', object: live }] : [];
}

/** @returns true for what the controller may delete at all; asked again right before the call */
export function isDeletable({ kind, metadata }: KubeObject): boolean {
  return (
    DELETABLE.some((each) => each === kind) &&
    metadata.labels?.[LABEL.managedBy] === 'walguard' &&
    metadata.labels[LABEL.companion] !== undefined &&
    metadata.uid !== undefined &&
    metadata.deletionTimestamp === undefined
  );
}
