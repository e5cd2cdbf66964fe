// Base backups of one database: its CronJobs, the first backup of each cluster, and what a failover would have lost. No I/O.
// Room: controller (door).
import type { Job, KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import { buildBaseBackupCronJob, buildCatchUpJob, buildFirstBaseBackupJob } from '../companion/base-backup.ts';
import { type Instance, ordinalOf, type Subject, toInstance } from '../companion/instance.ts';
import { listMembers, newestBackups } from '../lib/cluster-members.ts';
import { type Action, planDelete } from './action.ts';
import { findLive, planApply, planOnce } from './apply.ts';
import { type DatabaseView, isArchiving, isBeingRestored, listCronJobs, type Planner, podOf } from './view.ts';
import { namespaceOf, sidecarKey, type World } from './world.ts';

const COMPANION = 'base-backup';

export const planBaseBackups: Planner = (view) => {
  const { subject, instances, world } = view;
  const suspend = isBeingRestored(subject, world);
  return [
    ...instances.flatMap((each) => planCronJob(subject, each, suspend, world)),
    ...planSuspensions(view),
    ...instances.flatMap((instance) => planExtraBackup(instance, view)),
  ];
};

/**
 * One bad run never blocks the next: Kubernetes ends a Job at its deadline, and from 1.31 on counts it as running for as long
 * as one of its pods is terminating, which on a node that is lost is for ever. The CronJob is made anew then; its Jobs go with it.
 */
function planCronJob(subject: Subject, instance: Instance, suspend: boolean, world: World): Action[] {
  const cronJob = buildBaseBackupCronJob(subject, instance, suspend);
  const live = findLive(world.companions, cronJob);
  return live && world.jobs.some((job) => isStuck(job, live, subject, world.now))
    ? planDelete(live)
    : planApply(cronJob, world.companions);
}

/** Ample for pods to end after the deadline of their Job. */
const ENDING_SECONDS = 900;

function isStuck(job: Job, { metadata }: KubeObject, subject: Subject, now: string): boolean {
  if (metadata.uid === undefined || !job.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    return false;
  return !isEnded(job) && !isRunning(job, subject, now);
}

/**
 * | ended | since its start             | runs |
 * | yes   |                             | no   |
 * | no    | not begun yet               | yes  |
 * | no    | up to its deadline + 15 min | yes  |
 * | no    | longer                      | no   |
 */
export function isRunning(job: Job, { settings }: Pick<Subject, 'settings'>, now: string): boolean {
  const ageSeconds = (Date.parse(now) - Date.parse(job.status?.startTime ?? now)) / 1000;
  return !isEnded(job) && ageSeconds <= settings.baseBackup.timeoutSeconds + ENDING_SECONDS;
}

function isEnded({ status }: Job): boolean {
  const ends = ['Complete', 'Failed'];
  return (status?.conditions ?? []).some((each) => ends.includes(each.type) && each.status === 'True');
}

/** Of pods that were scaled away, whether their instances are remembered or not: there is nothing to connect to. */
function planSuspensions(view: DatabaseView): Action[] {
  const { subject, instances, world } = view;
  const pods = listCronJobs(view, COMPANION)
    .map(podOf)
    .filter((pod) => pod !== '');
  const away = pods.filter((pod) => !instances.some((each) => each.pod === pod));
  return away.flatMap((pod) =>
    planApply(buildBaseBackupCronJob(subject, toInstance(subject, ordinalOf(pod)), true), world.companions),
  );
}

/**
 * The first backup of a cluster, and one in the place of a run that a failover ended: the pod that it ran on is not the primary
 * any more, and the new primary's own job had left it to that one.
 *
 * | primary, and archiving works | newest run of its cluster      | a Job of this pod runs | its Job exists | extra backup |
 * | no                           |                                |                        |                | wait         |
 * | yes                          | none was good                  |                        | yes            | none         |
 * | yes                          | none was good                  |                        | no             | the first    |
 * | yes                          | good, by any pod that ever was |                        |                | none         |
 * | yes                          | failed on this pod             |                        |                | none         |
 * | yes                          | failed on another              | yes                    |                | wait         |
 * | yes                          | failed on another              | no                     | yes            | none         |
 * | yes                          | failed on another              | no                     | no             | catch up     |
 *
 * So a failover costs no base backup, unless it came before the first one was done. Where standbys are read, a failure of one
 * that is a standby still is its own.
 */
function planExtraBackup(instance: Instance, { subject, known, world }: DatabaseView): Action[] {
  const sidecar = world.sidecars.get(sidecarKey(namespaceOf(subject.workload), instance.pod));
  if (!isArchiving(sidecar)) return [];
  const { clusterId } = sidecar;
  const members = listMembers({ pod: instance.pod, clusterId }, known);
  const { lastSuccessfulBackup: good, lastFailedBackup: bad } = newestBackups(members);
  if (!good) return planOnce(buildFirstBaseBackupJob(subject, instance, clusterId), world.jobs);
  if (!bad || Date.parse(bad.finishedAt) <= Date.parse(good.finishedAt)) return [];
  const failed = members.find(({ lastFailedBackup }) => lastFailedBackup === bad);
  if (!failed || failed.pod === instance.pod || isAsBefore(subject, failed)) return [];
  if (world.jobs.some((job) => isOf(job, subject, instance) && isRunning(job, subject, world.now))) return [];
  return planOnce(buildCatchUpJob(subject, instance, bad.job ?? bad.finishedAt), world.jobs);
}

function isAsBefore({ settings }: Subject, { inRecovery }: ObservedInstance): boolean {
  return settings.baseBackup.from === 'standby' && inRecovery === true;
}

function isOf({ metadata }: Job, { workload }: Subject, { pod }: Instance): boolean {
  const { [LABEL.companion]: companion, [LABEL.instance]: instance } = metadata.labels ?? {};
  return metadata.namespace === workload.metadata.namespace && companion === COMPANION && instance === pod;
}
