// Logical dumps: a CronJob for each database pod, and the claim that keeps them where the policy asks for one.
// Room: companion (pure).
//
// Two containers share a directory with named pipes. `client` is the database's own image: its sh runs what it is asked to,
// with the tools of just that version, and it has neither the storage's credentials nor a disk. `dump` is walguard: it asks,
// counts, packs, stores and verifies. `client` is a native sidecar, so it ends with `dump`, however that ends.
import type { EnvVar, KubeObject, PodSpec } from '../api/kubernetes.ts';
import { DUMP_VOLUME_DIR } from '../api/names.ts';
import type { DumpSettings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildCronJob, delayEnv } from './cron-job.ts';
import { addClient, addVolume, volumeOwner } from './image-container.ts';
import { companionLabels, dumpClaimName, dumpName, type Instance, type Subject, serviceName } from './instance.ts';
import { jobNameEnv, timeoutEnv } from './job-env.ts';

const COMPANION = 'dump';

/** @param suspend while there is nothing to dump: the pod is scaled away, a standby, or being restored */
export function buildDumpCronJob(
  subject: Subject,
  instance: Instance,
  dump: DumpSettings,
  suspend: boolean,
): KubeObject {
  const { schedule, timeZone, timeoutSeconds } = dump;
  const pod = buildPod(subject, instance, dump, [delayEnv(subject, COMPANION)]);
  return buildCronJob(subject, instance, {
    id: COMPANION,
    name: dumpName(instance.pod),
    schedule,
    timeZone,
    suspend,
    job: { backoffLimit: 1, deadlineSeconds: timeoutSeconds, pod },
  });
}

/** It holds backups: no owner reference, and it outlives everything. */
export function buildDumpClaim(
  { workload }: Subject,
  { pod }: Instance,
  { size, storageClassName }: NonNullable<DumpSettings['destination']['volume']>,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: dumpClaimName(pod),
      namespace: workload.metadata.namespace ?? '',
      labels: companionLabels(workload.metadata.name ?? '', COMPANION, pod),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}

function buildPod(subject: Subject, instance: Instance, dump: DumpSettings, env: readonly EnvVar[]): PodSpec {
  const agent = buildAgentPod(subject, {
    companion: COMPANION,
    readOnly: true,
    env: [...buildEnv(instance, dump), ...env],
  });
  // A tool that still writes has nobody to read it.
  const spec = addClient(subject, { ...agent, terminationGracePeriodSeconds: 10 });
  if (dump.destination.volume === undefined) return spec;
  const volume = { name: CLAIM_VOLUME, persistentVolumeClaim: { claimName: dumpClaimName(instance.pod) } };
  const owned = { ...spec, securityContext: { ...spec.securityContext, ...volumeOwner(subject) } };
  return addVolume(owned, { name: CLAIM_VOLUME, mountPath: DUMP_VOLUME_DIR }, volume);
}

const CLAIM_VOLUME = 'dumps';

function buildEnv({ pod }: Instance, dump: DumpSettings): EnvVar[] {
  return [
    { name: 'WALGUARD_PGHOST', value: serviceName(pod) },
    timeoutEnv(dump.timeoutSeconds),
    { name: 'WALGUARD_INSTANCE', value: pod },
    jobNameEnv(),
    { name: 'WALGUARD_DUMP_TOOL', value: dump.tool },
    { name: 'WALGUARD_DUMP_FORMAT', value: dump.format },
    { name: 'WALGUARD_DUMP_DESTINATION', value: dump.destination.volume === undefined ? 'storage' : 'volume' },
    { name: 'WALGUARD_DUMP_KEEP_SECONDS', value: String(dump.keepSeconds) },
  ];
}
