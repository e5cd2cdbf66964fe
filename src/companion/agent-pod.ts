// The pod of a job of ours: no Kubernetes API access, Pod Security `restricted`, placed like the database.
// Room: companion (pure).
import type { EnvVar, PodSpec, Volume, VolumeMount } from '../api/kubernetes.ts';
import { STORAGE_DIR, STORAGE_VOLUME } from '../api/names.ts';
import { buildEnvironment, buildSecurityContext, findPasswordMounts } from '../inject/sidecar.ts';
import { buildStorageVolume } from '../inject/storage-env.ts';
import { cloneJson } from '../lib/json.ts';
import { placeSettings } from '../policy/place.ts';
import type { Subject } from './instance.ts';

export interface AgentPod {
  /** Subcommand of `walguard agent`, and the container's name. */
  readonly companion: 'base-backup' | 'drill' | 'dump' | 'prune' | 'restore' | 'restore-evidence' | 'verify';
  readonly env: readonly EnvVar[];
  /** The claim that holds the data directory; a job that needs none of it runs on any node. */
  readonly claim?: string;
  readonly readOnly: boolean;
  /** Of one that does next to nothing. */
  readonly isSmall?: boolean;
}

const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } };
const SMALL = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '512Mi' } };

const TMP = { name: 'tmp', mountPath: '/tmp' } as const;

export function buildAgentPod(subject: Subject, pod: AgentPod): PodSpec {
  const { server, image, workload } = subject;
  const settings = placeSettings(subject.settings, workload);
  const spec = workload.spec.template.spec;
  const { dataMount } = server;
  const environment = buildEnvironment(workload.metadata.name ?? '', server, settings, TMP.mountPath);
  const passwords = findPasswords(subject);
  const mounts: VolumeMount[] = [
    TMP,
    { name: STORAGE_VOLUME, mountPath: STORAGE_DIR, readOnly: true },
    ...(pod.claim === undefined ? [] : [{ ...structuredClone(dataMount), readOnly: pod.readOnly }]),
    ...passwords.mounts,
  ];
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(spec.imagePullSecrets ? { imagePullSecrets: structuredClone(spec.imagePullSecrets) } : {}),
    ...(spec.nodeSelector ? { nodeSelector: structuredClone(spec.nodeSelector) } : {}),
    ...(spec.tolerations ? { tolerations: structuredClone(spec.tolerations) } : {}),
    // Not its priority: a backup must never have somebody else's database evicted to make room.
    ...(spec.runtimeClassName === undefined ? {} : { runtimeClassName: spec.runtimeClassName }),
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: pod.companion,
        image,
        args: ['agent', pod.companion],
        ...environment,
        env: [...environment.env, ...pod.env],
        resources: cloneJson(pod.isSmall ? SMALL : RESOURCES),
        securityContext: buildSecurityContext(server),
        volumeMounts: mounts,
      },
    ],
    volumes: [
      { name: TMP.name, emptyDir: {} },
      buildStorageVolume(settings),
      ...dataVolumes(subject, pod),
      ...passwords.volumes,
    ],
  };
}

/** What can be mounted by a second pod, wherever that runs. */
const FILE_VOLUMES = ['secret', 'configMap', 'projected'] as const;

/** The password's files, as the database container has them. */
function findPasswords({ workload, server }: Subject): { mounts: VolumeMount[]; volumes: Volume[] } {
  const volumes = (workload.spec.template.spec.volumes ?? []).flatMap(copyFileVolume);
  const mounts = findPasswordMounts(server).filter(({ name }) => volumes.some((volume) => volume.name === name));
  return { mounts, volumes: volumes.filter(({ name }) => mounts.some((mount) => mount.name === name)) };
}

/** Readable without the database pod's fsGroup, which a job does not have where its volumes are all read-only. */
function copyFileVolume(volume: Volume): Volume[] {
  const kind = FILE_VOLUMES.find((each) => volume[each] !== undefined);
  if (kind === undefined) return [];
  return [{ name: volume.name, [kind]: { ...structuredClone(volume[kind] as object), defaultMode: 0o444 } }];
}

/** Mounted read-only as a volume too, so that the kubelet never changes owners or modes under a live database. */
function dataVolumes({ server }: Subject, { claim, readOnly }: AgentPod): Volume[] {
  if (claim === undefined) return [];
  return [
    {
      name: server.dataMount.name,
      persistentVolumeClaim: readOnly ? { claimName: claim, readOnly: true } : { claimName: claim },
    },
  ];
}
