// Logical dumps: a CronJob for each database pod, and the claim that keeps them where the policy asks for one.
// Room: companion (pure).
//
// Two containers share a directory with named pipes. `client` is the database's own image: its sh runs what it is asked to,
// with the tools of just that version, and it has neither the storage's credentials nor a disk. `dump` is walguard: it asks,
// counts, packs, stores and verifies. `client` is a native sidecar, so it ends with `dump`, however that ends.
import type { Container, EnvVar, KubeObject, PodSpec, Volume, VolumeMount } from '../api/kubernetes.ts';
import { DUMP_DIR, DUMP_VOLUME_DIR } from '../api/names.ts';
import { buildSecurityContext } from '../inject/sidecar.ts';
import type { DumpSettings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { CLIENT_SCRIPT } from './client-script.ts';
import { buildCronJob, delayEnv } from './cron-job.ts';
import { buildPipes, volumeOwner } from './image-container.ts';
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

const PIPES_VOLUME = 'pipes';
const CLAIM_VOLUME = 'dumps';
const PIPES_MOUNT: VolumeMount = { name: PIPES_VOLUME, mountPath: DUMP_DIR };

function buildPod(subject: Subject, instance: Instance, dump: DumpSettings, env: readonly EnvVar[]): PodSpec {
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    readOnly: true,
    env: [...buildEnv(instance, dump), ...env],
  });
  const claim = dump.destination.volume === undefined ? undefined : dumpClaimName(instance.pod);
  const mounts = [PIPES_MOUNT, ...(claim === undefined ? [] : [{ name: CLAIM_VOLUME, mountPath: DUMP_VOLUME_DIR }])];
  return {
    ...pod,
    // A tool that still writes has nobody to read it.
    terminationGracePeriodSeconds: 10,
    securityContext: { ...pod.securityContext, ...(claim === undefined ? {} : volumeOwner(subject)) },
    initContainers: [buildPipes(subject, PIPES_MOUNT), buildClient(subject)],
    containers: pod.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), ...mounts] })),
    volumes: [...(pod.volumes ?? []), ...buildVolumes(claim)],
  };
}

function buildVolumes(claim: string | undefined): Volume[] {
  return [
    // In memory: a request holds the password for as long as its tool runs.
    { name: PIPES_VOLUME, emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    ...(claim === undefined ? [] : [{ name: CLAIM_VOLUME, persistentVolumeClaim: { claimName: claim } }]),
  ];
}

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

/** Without the database's own variables: whom to log in as comes with each request. */
function buildClient({ server }: Subject): Container {
  const { image, imagePullPolicy } = server.container;
  return {
    name: 'client',
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: ['sh', '-c', CLIENT_SCRIPT],
    restartPolicy: 'Always',
    workingDir: DUMP_DIR,
    // pg_dump keeps the whole catalogue in memory, and before PG 17 an entry for each large object.
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '2Gi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts: [PIPES_MOUNT],
  };
}
