// The pod of a drill. Room: companion (pure).
//
// Two containers share a disposable volume, mounted where the database has its own. `postgres` is the workload's own image: its
// sh runs what it is asked to by named pipes (companion/dump.ts), and it has neither the storage's credentials nor a login.
// `drill` is walguard: it fetches, has the copy started, serves its replay by the gate, and looks at what came back. The volume
// is the pod's own (an ephemeral claim), so it goes with the pod, also after a kill.
import type { EnvVar, PersistentVolumeClaim, PodSpec, Volume, VolumeMount } from '../api/kubernetes.ts';
import {
  DRILL_CHECKS_DIR,
  DRILL_DIR,
  DUMP_VOLUME_DIR,
  RUN_DIR,
  RUN_VOLUME,
  SHARED_DIR,
  SIDECAR,
  STORAGE_VOLUME,
} from '../api/names.ts';
import { buildRunVolume, buildSharedVolume } from '../inject/sidecar.ts';
import { cloneJson } from '../lib/json.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { withEvidenceKey } from './evidence.ts';
import { buildPipes, buildPostgres, findFiles, literal, serverOptionsEnv, volumeOwner } from './image-container.ts';
import { dumpClaimName, type Instance, type Subject, serviceName } from './instance.ts';
import { jobNameEnv, timeoutEnv } from './job-env.ts';

/** What the controller knows of the source beside its manifest. */
export interface DrillSource {
  /** Of the cluster in the pod. Without it the drill asks the source's server, which must answer then. */
  readonly storagePrefix?: string;
  /** The database's own claim, which may have grown since the manifest was written. */
  readonly claim?: PersistentVolumeClaim;
}

/** What both containers see: pipes, the copy's socket, log and configuration. */
const OWN: VolumeMount = { name: 'drill', mountPath: DRILL_DIR };
const COPY_VOLUME = 'walguard-copy';
const DUMPS: VolumeMount = { name: 'dumps', mountPath: DUMP_VOLUME_DIR, readOnly: true };
const CHECKS: VolumeMount = { name: 'checks', mountPath: DRILL_CHECKS_DIR, readOnly: true };

export function buildDrillPod(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  source: DrillSource,
  env: readonly EnvVar[],
): PodSpec {
  const { server } = subject;
  const pod = buildAgentPod(subject, {
    companion: 'drill',
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
    ...(hasDumpVolume(subject, drill) ? [DUMPS] : []),
  ];
  const known = new Set(pod.volumes?.map(({ name }) => name));
  return {
    ...pod,
    // Postgres is stopped, and the report written.
    terminationGracePeriodSeconds: 60,
    securityContext: { ...pod.securityContext, ...volumeOwner(subject) },
    initContainers: [
      buildPipes(subject, OWN),
      buildPostgres(subject, [OWN, copy, { ...shared, readOnly: true }, ...files.mounts]),
    ],
    containers: pod.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), ...mounts] })),
    volumes: [
      ...(pod.volumes ?? []).map((each) => (each.name === STORAGE_VOLUME ? withEvidenceKey(each) : each)),
      // On a disk: the log of a long replay is some megabytes.
      { name: OWN.name, emptyDir: { sizeLimit: '512Mi' } },
      buildSharedVolume(),
      buildRunVolume(),
      buildCopyVolume(subject, source),
      ...buildChecksVolume(drill),
      ...(hasDumpVolume(subject, drill) ? [buildDumpsVolume(instance)] : []),
      ...files.volumes.filter(({ name }) => !known.has(name)),
    ],
  };
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

/** A drill of base backups does not wait for the node that a dump's claim may be on. */
function hasDumpVolume({ settings }: Subject, { source }: DrillSettings): boolean {
  return source === 'dump' && settings.dump?.destination.volume !== undefined;
}

function buildDumpsVolume({ pod }: Instance): Volume {
  return { name: DUMPS.name, persistentVolumeClaim: { claimName: dumpClaimName(pod), readOnly: true } };
}

function buildEnv(subject: Subject, { pod }: Instance, drill: DrillSettings, { storagePrefix }: DrillSource): EnvVar[] {
  const { server, settings } = subject;
  const { checks, schedule: _when, timeZone: _zone, namespace: _where, timeoutSeconds, ...asked } = drill;
  const { rtoSeconds, rpoSeconds } = settings.objectives ?? {};
  return [
    { name: 'WALGUARD_PGHOST', value: serviceName(pod) },
    timeoutEnv(timeoutSeconds),
    { name: 'WALGUARD_INSTANCE', value: pod },
    jobNameEnv(),
    ...(storagePrefix === undefined ? [] : [literal('WALGUARD_SOURCE_PREFIX', storagePrefix)]),
    {
      name: 'WALGUARD_DUMP_DESTINATION',
      value: settings.dump?.destination.volume === undefined ? 'storage' : 'volume',
    },
    { name: 'WALGUARD_DATA_MOUNT', value: server.dataMount.mountPath },
    literal('WALGUARD_IMAGE', server.container.image ?? ''),
    literal('WALGUARD_POLICY', settings.policy),
    literal('WALGUARD_OBJECTIVES', JSON.stringify({ rtoSeconds, rpoSeconds })),
    literal('WALGUARD_DRILL', JSON.stringify(asked)),
    serverOptionsEnv(subject),
    // One for each: Linux takes 128 KiB in one variable.
    ...checks.map((check, index) => literal(`WALGUARD_DRILL_CHECK_${index + 1}`, JSON.stringify(check))),
  ];
}
