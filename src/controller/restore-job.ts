// The Job of one Restore, and its pod. No I/O. Room: controller (door).
import type { Job, Pod } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { restoreJobName } from '../companion/instance.ts';
import { find, namespaceOf, type World } from './world.ts';

/** A job of an earlier Restore of the same name, about to be collected, went to another target: it is not this one's. */
export function findRestoreJob(
  restore: Restore,
  { jobs, pods }: Pick<World, 'jobs' | 'pods'>,
): { readonly job: Job | undefined; readonly jobPod: Pod | undefined } {
  const own = jobs.filter(({ metadata }) => isOwnedBy(metadata, restore.metadata.uid));
  const job = find(own, namespaceOf(restore), restoreJobName(restore.metadata.name ?? ''));
  return { job, jobPod: job && pods.find(({ metadata }) => isOwnedBy(metadata, job.metadata.uid)) };
}

function isOwnedBy({ ownerReferences = [] }: Job['metadata'], owner: string | undefined): boolean {
  return ownerReferences.some(({ uid }) => uid === owner);
}
