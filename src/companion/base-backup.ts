// Base backups: a CronJob for each database pod, and Jobs for what cannot wait for it. Room: companion (pure).
import type { EnvVar, KubeObject, PodSpec } from '../api/kubernetes.ts';
import type { BaseBackupSettings } from '../policy/settings.ts';
import { readAccessModes } from './access-modes.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildCronJob, buildJobSpec, delayEnv, type JobTerms, labelsOf } from './cron-job.ts';
import {
  baseBackupName,
  extraBaseBackupName,
  firstBaseBackupName,
  type Instance,
  listInstances,
  ownedBy,
  type Subject,
  serviceName,
} from './instance.ts';
import { jobNameEnv, jobUidEnv, timeoutEnv } from './job-env.ts';
import { retentionEnv } from './prune.ts';

const COMPANION = 'base-backup';

/** @param suspend while there is nothing to connect to, or nothing that is worth a backup yet */
export function buildBaseBackupCronJob(subject: Subject, instance: Instance, suspend: boolean): KubeObject {
  const { schedule, timeZone } = subject.settings.baseBackup;
  const delay = delayEnv(subject, COMPANION);
  return buildCronJob(subject, instance, {
    id: COMPANION,
    name: baseBackupName(instance.pod),
    schedule,
    timeZone,
    suspend,
    job: jobTerms(subject, instance, [delay]),
  });
}

/** The first backup of a Postgres cluster, so that it can be restored before the schedule comes round. */
export function buildFirstBaseBackupJob(subject: Subject, instance: Instance, clusterId: string): KubeObject {
  return buildJob(subject, instance, firstBaseBackupName(instance.pod, clusterId), []);
}

/** A full one, for when nothing before it is of use any more, such as after a gap. @param cause the same one never makes a second Job */
export function buildRebaseJob(subject: Subject, instance: Instance, cause: string): KubeObject {
  const full = { name: 'WALGUARD_FULL', value: 'true' };
  return buildJob(subject, instance, extraBaseBackupName(instance.pod, cause), [full]);
}

/** In the place of one that failed on a pod that is not the primary any more. @param failed name of its Job */
export function buildCatchUpJob(subject: Subject, instance: Instance, failed: string): KubeObject {
  return buildJob(subject, instance, extraBaseBackupName(instance.pod, failed), []);
}

/** Made for one primary: it is that pod's turn, whichever server the policy reads. */
function buildJob(subject: Subject, instance: Instance, name: string, env: readonly EnvVar[]): KubeObject {
  const { workload, settings } = subject;
  const baseBackup: BaseBackupSettings = { ...settings.baseBackup, from: 'primary' };
  const labels = labelsOf(subject, instance, COMPANION);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: workload.metadata.namespace ?? '', labels, ...ownedBy(workload) },
    spec: buildJobSpec(jobTerms({ ...subject, settings: { ...settings, baseBackup } }, instance, env), labels),
  };
}

function jobTerms(subject: Subject, instance: Instance, env: readonly EnvVar[]): JobTerms {
  const deadlineSeconds = subject.settings.baseBackup.timeoutSeconds;
  return { backoffLimit: 2, deadlineSeconds, pod: buildPod(subject, instance, env) };
}

function buildPod(subject: Subject, instance: Instance, env: readonly EnvVar[]): PodSpec {
  const method = effectiveMethod(subject);
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    ...(method === 'node' ? { claim: instance.claim } : {}),
    readOnly: true,
    env: [...buildEnv(subject, instance, method), ...env],
  });
  return method === 'node' ? { ...pod, affinity: buildAffinity(instance) } : pod;
}

/**
 * | policy  | the claim                       | method  |
 * | node    | one pod alone may mount it      | sidecar |
 * | node    | anything else, or not known     | node    |
 * | another |                                 | that    |
 */
export function effectiveMethod(subject: Subject): BaseBackupSettings['method'] {
  const { method } = subject.settings.baseBackup;
  return method === 'node' && readAccessModes(subject).includes('ReadWriteOncePod') ? 'sidecar' : method;
}

function buildEnv(subject: Subject, { pod }: Instance, method: BaseBackupSettings['method']): EnvVar[] {
  const { baseBackup, pushgateway } = subject.settings;
  const members = listInstances(subject).map((each) => serviceName(each.pod));
  return [
    { name: 'WALGUARD_PGHOST', value: serviceName(pod) },
    timeoutEnv(baseBackup.timeoutSeconds),
    { name: 'WALGUARD_INSTANCE', value: pod },
    jobNameEnv(),
    jobUidEnv(),
    { name: 'WALGUARD_METHOD', value: method },
    { name: 'WALGUARD_FROM', value: baseBackup.from },
    // What is streamed holds no pages to compare.
    { name: 'WALGUARD_DELTA_STEPS', value: String(method === 'remote' ? 0 : baseBackup.deltaSteps) },
    ...(members.length > 1 ? [{ name: 'WALGUARD_MEMBERS', value: members.join(',') }] : []),
    ...(pushgateway
      ? [
          { name: 'WALGUARD_PUSHGATEWAY_URL', value: pushgateway.url },
          { name: 'WALGUARD_PUSHGATEWAY_METRIC', value: pushgateway.metric },
        ]
      : []),
    ...retentionEnv(subject),
  ];
}

/** A ReadWriteOnce claim is mounted on one node; resolved by the scheduler at each run, so it follows a moved database. */
function buildAffinity({ pod }: Instance): object {
  return {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: { matchLabels: { 'statefulset.kubernetes.io/pod-name': pod } },
          topologyKey: 'kubernetes.io/hostname',
        },
      ],
    },
  };
}
