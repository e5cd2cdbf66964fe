// The CronJob of a companion of one database pod: what all kinds of them have in common. Room: companion (pure).
import type { EnvVar, KubeObject, PodSpec } from '../api/kubernetes.ts';
import { pickDelaySeconds, spreadSchedule } from '../lib/cron-spread.ts';
import { companionLabels, type Instance, ownedBy, type Subject } from './instance.ts';

/** A run that could not start within this time is left out: no storm of missed runs after an outage. */
export const STARTING_DEADLINE_SECONDS = 3600;

export interface Companion {
  /** Subcommand of `walguard agent`. */
  readonly id: string;
  /** Of the CronJob. */
  readonly name: string;
  readonly schedule: string;
  readonly timeZone: string;
  /** While there is nothing to do for it: the pod is scaled away, or being restored. */
  readonly suspend: boolean;
  readonly job: JobTerms;
}

export interface JobTerms {
  readonly backoffLimit: number;
  readonly deadlineSeconds: number;
  /** After its end, when Kubernetes removes it, its pods and their volumes; without it the next runs of its CronJob do. */
  readonly keptSeconds?: number;
  readonly pod: PodSpec;
}

export function buildCronJob(subject: Subject, instance: Instance, companion: Companion): KubeObject {
  const { workload } = subject;
  const { id, name, schedule, timeZone, suspend, job } = companion;
  const labels = labelsOf(subject, instance, id);
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace: workload.metadata.namespace ?? '', labels, ...ownedBy(workload) },
    spec: {
      schedule: spreadSchedule(schedule, scheduleKey(subject, id)),
      timeZone,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      suspend,
      // Nothing in it hangs on the schedule: kubectl create job --from=cronjob/... takes it as it is.
      jobTemplate: { metadata: { labels }, spec: buildJobSpec(job, labels) },
    },
  };
}

export function buildJobSpec(terms: JobTerms, labels: Record<string, string>): object {
  const { backoffLimit, deadlineSeconds, keptSeconds, pod } = terms;
  return {
    backoffLimit,
    activeDeadlineSeconds: deadlineSeconds,
    ...(keptSeconds === undefined ? {} : { ttlSecondsAfterFinished: keptSeconds }),
    template: { metadata: { labels }, spec: pod },
  };
}

export function labelsOf({ workload }: Subject, { pod }: Instance, id: string): Record<string, string> {
  return companionLabels(workload.metadata.name ?? '', id, pod);
}

/** How long a scheduled run waits, so that not all databases of a policy begin in the same second. */
export function delayEnv(subject: Subject, id: string): EnvVar {
  return { name: 'WALGUARD_DELAY_SECONDS', value: String(pickDelaySeconds(scheduleKey(subject, id))) };
}

/** In five fields, where the policy names a period only. */
export function baseBackupSchedule(subject: Subject): string {
  return spreadSchedule(subject.settings.baseBackup.schedule, scheduleKey(subject, 'base-backup'));
}

/** The pods of a cluster are due together: each finds out whose turn it is, and no failover falls between their times. */
function scheduleKey({ workload: { metadata } }: Subject, id: string): string {
  return `${metadata.namespace}/${metadata.name}/${id}`;
}
