// The Jobs of one Restore, their pods and how they ended. No I/O. Room: controller (door).
import type { Job, Pod } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { restoreJobName } from '../companion/instance.ts';
import { findFailure, parseReport } from '../lib/job-report.ts';
import { find, namespaceOf, type World } from './world.ts';

export interface RestoreJob {
  readonly job: Job | undefined;
  readonly jobPod: Pod | undefined;
}

/** A job of an earlier Restore of the same name, about to be collected, went to another target: it is not this one's. */
export function findRestoreJob(
  restore: Restore,
  { jobs, pods }: Pick<World, 'jobs' | 'pods'>,
  name = restoreJobName(restore.metadata.name ?? ''),
): RestoreJob {
  const own = jobs.filter(({ metadata }) => isOwnedBy(metadata, restore.metadata.uid));
  const job = find(own, namespaceOf(restore), name);
  return { job, jobPod: job && pods.find(({ metadata }) => isOwnedBy(metadata, job.metadata.uid)) };
}

export function isOwnedBy({ ownerReferences = [] }: Job['metadata'], owner: string | undefined): boolean {
  return ownerReferences.some(({ uid }) => uid === owner);
}

export interface JobEnd<Report> {
  readonly report: Report | undefined;
  readonly hasFailed: boolean;
  /** In words, where it failed or left no report. */
  readonly why: string;
}

/** @param silence in words, where neither its pod nor Kubernetes says anything */
export function endOf<Report extends { readonly ok: boolean }>(
  { job, jobPod }: RestoreJob,
  silence: string,
): JobEnd<Report> {
  const terminated = jobPod?.status?.containerStatuses?.find(({ name }) => name === 'restore')?.state?.terminated;
  const report = parseReport<Report & { readonly message?: string }>(terminated?.message);
  const failure = findFailure(job);
  const told = report && !report.ok ? report.message : failure?.message;
  return { report, hasFailed: failure !== undefined, why: told ?? silence };
}
