// Drills: a CronJob for each rehearsed restore of a database pod's backups, and a Job for one now. Room: companion (pure).
//
// Two containers share a disposable volume, mounted where the database has its own. `postgres` is the workload's own image: its
// sh runs what it is asked to by named pipes (companion/dump.ts), and it has neither the storage's credentials nor a login.
// `drill` is walguard: it fetches, has the copy started, serves its replay by the gate, and looks at what came back. The volume
// is the pod's own (an ephemeral claim), so it goes with the pod, also after a kill.
import type {
  Container,
  EnvVar,
  KubeObject,
  PersistentVolumeClaim,
  PodSpec,
  Volume,
  VolumeMount,
} from '../api/kubernetes.ts';
import { DRILL_CHECKS_DIR, DRILL_DIR, LABEL, RUN_DIR, RUN_VOLUME, SHARED_DIR, SIDECAR } from '../api/names.ts';
import { buildRunVolume, buildSecurityContext, buildSharedVolume } from '../inject/sidecar.ts';
import { cloneJson, shortHash } from '../lib/json.ts';
import { deriveName } from '../lib/name.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildCronJob, buildJobSpec, delayEnv, labelsOf } from './cron-job.ts';
import { CLIENT_SCRIPT, PIPES } from './dump.ts';
import { drillName, type Instance, ownedBy, type Subject, serviceName } from './instance.ts';
import { jobNameEnv, timeoutEnv } from './job-env.ts';

const COMPANION = 'drill';

/** What the controller knows of the source beside its manifest. */
export interface DrillSource {
  /** Of the cluster in the pod. Without it the drill asks the source's server, which must answer then. */
  readonly storagePrefix?: string;
  /** The database's own claim, which may have grown since the manifest was written. */
  readonly claim?: PersistentVolumeClaim;
}

/** @param suspend while a Restore makes the database anew, or another pod is its primary */
export function buildDrillCronJob(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  suspend: boolean,
  source: DrillSource = {},
): KubeObject {
  const { schedule, timeZone } = drill;
  const cronJob = buildCronJob(subject, instance, {
    id: COMPANION,
    name: drillName(instance.pod, drill.name),
    schedule,
    timeZone,
    suspend,
    job: termsOf(drill, buildPod(subject, instance, drill, source, [delayEnv(subject, COMPANION)])),
  });
  return withLabel(cronJob as DrillCronJob, drill.name);
}

export interface DrillRequest {
  /** Tells this run from others: the Job's name is made from it. */
  readonly id: string;
  /** The user, as Kubernetes knows them. */
  readonly requestedBy: string;
}

/** The same drill now, once. */
export function buildDrillJob(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  { id, requestedBy }: DrillRequest,
  source: DrillSource = {},
): KubeObject {
  const { workload } = subject;
  const labels = { ...labelsOf(subject, instance, COMPANION), [LABEL.drill]: drill.name };
  const env = literal('WALGUARD_REQUESTED_BY', requestedBy);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: deriveName(instance.pod, `drill-${drill.name}-x${shortHash(id)}`),
      namespace: workload.metadata.namespace ?? '',
      labels,
      ...ownedBy(workload),
    },
    spec: buildJobSpec(termsOf(drill, buildPod(subject, instance, drill, source, [env])), labels),
  };
}

/** A drill that failed has its result, and one that could not run would not run a minute later. */
function termsOf({ timeoutSeconds }: DrillSettings, pod: PodSpec) {
  return { backoffLimit: 0, deadlineSeconds: timeoutSeconds, pod };
}

type Labelled = { metadata: KubeObject['metadata'] };
type DrillCronJob = KubeObject & { spec: { jobTemplate: Labelled & { spec: { template: Labelled } } } };

/** On the CronJob, its Jobs and their pods: what came of a run is told by its drill's name. */
function withLabel(cronJob: DrillCronJob, drill: string): KubeObject {
  const label = <T extends Labelled>(object: T): T => {
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [LABEL.drill]: drill } } };
  };
  const { spec } = cronJob;
  const { jobTemplate } = spec;
  const template = label(jobTemplate.spec.template);
  const labelled = { ...label(jobTemplate), spec: { ...jobTemplate.spec, template } };
  return { ...label(cronJob), spec: { ...spec, jobTemplate: labelled } } as KubeObject;
}

/** What both containers see: pipes, the copy's socket, log and configuration. */
const OWN: VolumeMount = { name: 'drill', mountPath: DRILL_DIR };
const COPY_VOLUME = 'walguard-copy';
const CHECKS: VolumeMount = { name: 'checks', mountPath: DRILL_CHECKS_DIR, readOnly: true };

function buildPod(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  source: DrillSource,
  env: readonly EnvVar[],
): PodSpec {
  const { server } = subject;
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    readOnly: true,
    env: [...buildEnv(subject, instance, drill, source), ...env],
  });
  const copy: VolumeMount = { name: COPY_VOLUME, mountPath: server.dataMount.mountPath };
  const files = findFiles(subject);
  const shared = { name: SIDECAR, mountPath: SHARED_DIR };
  const mounts = [
    OWN,
    copy,
    shared,
    { name: RUN_VOLUME, mountPath: RUN_DIR },
    ...(drill.checksFrom === undefined ? [] : [CHECKS]),
  ];
  const known = new Set(pod.volumes?.map(({ name }) => name));
  return {
    ...pod,
    // Postgres is stopped, and the report written.
    terminationGracePeriodSeconds: 60,
    securityContext: { ...pod.securityContext, ...volumeOwner(subject) },
    initContainers: [
      buildPipes(subject),
      buildPostgres(subject, [OWN, copy, { ...shared, readOnly: true }, ...files.mounts]),
    ],
    containers: pod.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), ...mounts] })),
    volumes: [
      ...(pod.volumes ?? []),
      // On a disk: the log of a long replay is some megabytes.
      { name: OWN.name, emptyDir: { sizeLimit: '512Mi' } },
      buildSharedVolume(),
      buildRunVolume(),
      buildCopyVolume(subject, source),
      ...buildChecksVolume(drill),
      ...files.volumes.filter(({ name }) => !known.has(name)),
    ],
  };
}

/** A new volume belongs to root. Of gid 0 a volume's group would be everybody's. */
function volumeOwner({ server }: Subject): Record<string, unknown> {
  const { uid, gid } = server.identity;
  return { fsGroup: gid || uid, fsGroupChangePolicy: 'OnRootMismatch' };
}

/** As large as the source's and of its class. Where nothing tells how large that is, the node's own disk. */
function buildCopyVolume({ workload, server }: Subject, { claim }: DrillSource): Volume {
  const { dataVolume } = server;
  const template = workload.spec.volumeClaimTemplates?.find(
    ({ metadata }) => dataVolume.kind === 'claim-template' && metadata.name === dataVolume.template,
  );
  const { resources, storageClassName } = (claim ?? template)?.spec ?? {};
  if (resources === undefined) return { name: COPY_VOLUME, emptyDir: {} };
  const { requests } = resources as { requests?: Record<string, unknown> };
  const volumeClaimTemplate = {
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: cloneJson(requests ?? {}) },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
  return { name: COPY_VOLUME, ephemeral: { volumeClaimTemplate } };
}

/** Optional: without it the pod would wait until its deadline, and say nothing. The agent says that it is missing. */
function buildChecksVolume({ checksFrom }: DrillSettings): Volume[] {
  if (checksFrom === undefined) return [];
  return [{ name: CHECKS.name, configMap: { name: checksFrom, optional: true, defaultMode: 0o444 } }];
}

const FILE_VOLUMES = ['secret', 'configMap', 'projected'] as const;

/** Files of the database container: its configuration may be among them. */
function findFiles({ workload, server }: Subject): { mounts: VolumeMount[]; volumes: Volume[] } {
  const volumes = (workload.spec.template.spec.volumes ?? []).filter(
    (volume) => volume.name !== SIDECAR && FILE_VOLUMES.some((kind) => volume[kind] !== undefined),
  );
  const mounts = (server.container.volumeMounts ?? []).filter(({ name }) => volumes.some((each) => each.name === name));
  return {
    mounts: mounts.map((mount) => ({ ...cloneJson(mount), readOnly: true })),
    volumes: cloneJson(volumes.filter(({ name }) => mounts.some((mount) => mount.name === name))),
  };
}

function buildEnv(
  { server, settings }: Subject,
  { pod }: Instance,
  drill: DrillSettings,
  { storagePrefix }: DrillSource,
): EnvVar[] {
  const { checks, schedule: _when, timeZone: _where, timeoutSeconds, ...asked } = drill;
  const { flavour, container } = server;
  const options = flavour.listOptions(container, '').map(({ name, value }) => `${name}=${value}`);
  const { rtoSeconds, rpoSeconds } = settings.objectives ?? {};
  return [
    { name: 'WALGUARD_PGHOST', value: serviceName(pod) },
    timeoutEnv(timeoutSeconds),
    { name: 'WALGUARD_INSTANCE', value: pod },
    jobNameEnv(),
    ...(storagePrefix === undefined ? [] : [literal('WALGUARD_SOURCE_PREFIX', storagePrefix)]),
    { name: 'WALGUARD_DATA_MOUNT', value: server.dataMount.mountPath },
    literal('WALGUARD_IMAGE', container.image ?? ''),
    literal('WALGUARD_POLICY', settings.policy),
    literal('WALGUARD_OBJECTIVES', JSON.stringify({ rtoSeconds, rpoSeconds })),
    literal('WALGUARD_DRILL', JSON.stringify(asked)),
    literal('WALGUARD_SERVER_OPTIONS', JSON.stringify([...(flavour.imageSettings?.(container) ?? []), ...options])),
    // One for each: Linux takes 128 KiB in one variable.
    ...checks.map((check, index) => literal(`WALGUARD_DRILL_CHECK_${index + 1}`, JSON.stringify(check))),
  ];
}

/** Kubernetes reads $(NAME) as a reference and $$ as one $, which SQL has where it quotes. */
function literal(name: string, value: string): EnvVar {
  return { name, value: value.replaceAll('$', '$$$$') };
}

/** By walguard's image: not every database's has mkfifo. */
function buildPipes({ server, image }: Subject): Container {
  return {
    name: 'pipes',
    image,
    command: ['mkfifo', '-m', '0600', ...PIPES.map((name) => `${DRILL_DIR}/${name}`)],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts: [OWN],
  };
}

/** Without the database's own variables: nobody logs in but by the pod's own socket. */
function buildPostgres({ server }: Subject, volumeMounts: VolumeMount[]): Container {
  const { image, imagePullPolicy } = server.container;
  return {
    name: 'postgres',
    ...(image === undefined ? {} : { image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: ['sh', '-c', CLIENT_SCRIPT],
    restartPolicy: 'Always',
    workingDir: DRILL_DIR,
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '2Gi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts,
  };
}
