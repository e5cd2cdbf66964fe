// The CronJob of a companion of one database pod: what all kinds of them have in common. Room: companion (pure).
import type { KubeObject, PodSpec } from '../api/kubernetes.ts';
import { spreadSchedule } from '../lib/cron-spread.ts';
import { companionLabels, type Instance, ownedBy, type Subject } from './instance.ts';

/** A run that could not start within this time is left out: no storm of missed runs after an outage. */
const STARTING_DEADLINE_SECONDS = 3600;

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

export function buildJobSpec({ backoffLimit, deadlineSeconds, pod }: JobTerms, labels: Record<string, string>): object {
  return {
    backoffLimit,
    activeDeadlineSeconds: deadlineSeconds,
    template: { metadata: { labels }, spec: pod },
  };
}

export function labelsOf({ workload }: Subject, { pod }: Instance, id: string): Record<string, string> {
  return companionLabels(workload.metadata.name ?? '', id, pod);
}

/** The pods of a cluster are due together: each finds out whose turn it is, and no failover falls between their times. */
export function scheduleKey({ workload: { metadata } }: Subject, id: string): string {
  return `${metadata.namespace}/${metadata.name}/${id}`;
}
