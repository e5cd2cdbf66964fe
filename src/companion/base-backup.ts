// Base backups: a CronJob for each database pod and one first Job, on that pod's node with its own claim.
// Room: companion (pure).
import type { KubeObject, PodSpec } from '../api/kubernetes.ts';
import { buildAgentPod } from './agent-pod.ts';
import {
  baseBackupName,
  companionLabels,
  firstBaseBackupName,
  type Instance,
  ownedBy,
  type Subject,
  serviceName,
} from './instance.ts';

const COMPANION = 'base-backup';

/** A run that could not start within this time is left out: no storm of missed runs after an outage. */
const STARTING_DEADLINE_SECONDS = 3600;

/** @param suspend while the database pod is scaled away: there is nothing to connect to */
export function buildBaseBackupCronJob(subject: Subject, instance: Instance, suspend: boolean): KubeObject {
  const { workload, settings } = subject;
  const labels = labelsOf(subject, instance);
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: baseBackupName(instance.pod),
      namespace: workload.metadata.namespace ?? '',
      labels,
      ...ownedBy(workload),
    },
    spec: {
      schedule: settings.baseBackup.schedule,
      timeZone: settings.baseBackup.timeZone,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: STARTING_DEADLINE_SECONDS,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      suspend,
      jobTemplate: { metadata: { labels }, spec: buildJobSpec(subject, instance) },
    },
  };
}

/** The first backup of a Postgres cluster, so that it can be restored before the schedule comes round. */
export function buildFirstBaseBackupJob(subject: Subject, instance: Instance, systemIdentifier: string): KubeObject {
  const { workload } = subject;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: firstBaseBackupName(instance.pod, systemIdentifier),
      namespace: workload.metadata.namespace ?? '',
      labels: labelsOf(subject, instance),
      ...ownedBy(workload),
    },
    spec: buildJobSpec(subject, instance),
  };
}

function labelsOf({ workload }: Subject, { pod }: Instance): Record<string, string> {
  return companionLabels(workload.metadata.name ?? '', COMPANION, pod);
}

function buildJobSpec(subject: Subject, instance: Instance): object {
  return {
    backoffLimit: 2,
    activeDeadlineSeconds: subject.settings.baseBackup.timeoutSeconds,
    template: { metadata: { labels: labelsOf(subject, instance) }, spec: buildPod(subject, instance) },
  };
}

function buildPod(subject: Subject, instance: Instance): PodSpec {
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    claim: instance.claim,
    readOnly: true,
    env: [
      { name: 'WALGUARD_PGHOST', value: serviceName(instance.pod) },
      // The agent ends the engine itself a minute before Kubernetes would, to be able to say why.
      {
        name: 'WALGUARD_TIMEOUT_SECONDS',
        value: String(Math.max(30, subject.settings.baseBackup.timeoutSeconds - 60)),
      },
    ],
  });
  return { ...pod, affinity: buildAffinity(instance) };
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
