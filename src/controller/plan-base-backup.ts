// Base backups of one database: its CronJobs, and the first backup of each cluster. No I/O. Room: controller (door).
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import { buildBaseBackupCronJob, buildFirstBaseBackupJob } from '../companion/base-backup.ts';
import { firstBaseBackupName, type Instance, type Subject, toInstance } from '../companion/instance.ts';
import type { Action } from './action.ts';
import { findLive, planApply } from './apply.ts';
import type { Planner } from './view.ts';
import { find, sidecarKey, type World } from './world.ts';

export const planBaseBackups: Planner = ({ subject, instances, known, retired, world }) => [
  ...instances.flatMap((each) => planApply(buildBaseBackupCronJob(subject, each, false), world.companions)),
  ...retired.flatMap((instance) => planSuspension(subject, instance, world)),
  ...instances.flatMap((instance) => planFirstBackup(subject, instance, known, world)),
];

function planSuspension(subject: Subject, { pod }: ObservedInstance, { companions }: World): Action[] {
  const ordinal = Number(pod.slice(pod.lastIndexOf('-') + 1));
  const cronJob = buildBaseBackupCronJob(subject, toInstance(subject, ordinal), true);
  return findLive(companions, cronJob) ? planApply(cronJob, companions) : [];
}

/**
 * | primary, and archiving works | a good backup of its cluster is known | its first Job exists | first backup |
 * | no                           |                                       |                      | wait         |
 * | yes                          | yes, by any pod, scaled away or not   |                      | none         |
 * | yes                          | no                                    | yes                  | none         |
 * | yes                          | no                                    | no                   | create       |
 *
 * So a failover costs no base backup, unless it came before the first one was done.
 */
function planFirstBackup(
  subject: Subject,
  instance: Instance,
  known: readonly ObservedInstance[],
  world: World,
): Action[] {
  const namespace = subject.workload.metadata.namespace ?? '';
  const sidecar = world.sidecars.get(sidecarKey(namespace, instance.pod));
  if (!isArchiving(sidecar)) return [];
  const { systemIdentifier } = sidecar;
  if (known.some((each) => each.systemIdentifier === systemIdentifier && each.lastSuccessfulBackup)) return [];
  if (find(world.jobs, namespace, firstBaseBackupName(instance.pod, systemIdentifier))) return [];
  return [{ verb: 'create', object: buildFirstBaseBackupJob(subject, instance, systemIdentifier) }];
}

function isArchiving(
  status: SidecarStatus | string | undefined,
): status is SidecarStatus & { systemIdentifier: string } {
  return (
    typeof status === 'object' &&
    status.daemon === 'running' &&
    status.postgres === 'up' &&
    status.inRecovery === false &&
    status.systemIdentifier !== undefined &&
    status.archiver?.archiveMode !== 'off' &&
    !status.archiver?.missingSettings?.includes('archive_command')
  );
}
