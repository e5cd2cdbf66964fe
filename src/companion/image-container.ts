// The second container of a dump's, a drill's and a restored dump's pod: the workload's own image, whose sh runs what it is asked
// to by named pipes (see dump.ts). Room: companion (pure).
import type { Container, EnvVar, PodSpec, Volume, VolumeMount } from '../api/kubernetes.ts';
import { DRILL_DIR, DUMP_DIR, SIDECAR } from '../api/names.ts';
import { buildSecurityContext } from '../inject/sidecar.ts';
import { cloneJson } from '../lib/json.ts';
import { CLIENT_SCRIPT, PIPES } from './client-script.ts';
import type { Subject } from './instance.ts';

/** A new volume belongs to root. Of gid 0 a volume's group would be everybody's. */
export function volumeOwner({ server }: Subject): Record<string, unknown> {
  const { uid, gid } = server.identity;
  return { fsGroup: gid || uid, fsGroupChangePolicy: 'OnRootMismatch' };
}

const FILE_VOLUMES = ['secret', 'configMap', 'projected'] as const;

/** Files of the database container: its configuration may be among them. */
export function findFiles({ workload, server }: Subject): { mounts: VolumeMount[]; volumes: Volume[] } {
  const volumes = (workload.spec.template.spec.volumes ?? []).filter(
    (volume) => volume.name !== SIDECAR && FILE_VOLUMES.some((kind) => volume[kind] !== undefined),
  );
  const mounts = (server.container.volumeMounts ?? []).filter(({ name }) => volumes.some((each) => each.name === name));
  return {
    mounts: mounts.map((mount) => ({ ...cloneJson(mount), readOnly: true })),
    volumes: cloneJson(volumes.filter(({ name }) => mounts.some((mount) => mount.name === name))),
  };
}

/** What the server is started with beside the files: settings of the user's own and of the image, as `name=value`. */
export function serverOptionsEnv({ server }: Subject): EnvVar {
  const { flavour, container } = server;
  const options = flavour.listOptions(container, '').map(({ name, value }) => `${name}=${value}`);
  return literal(
    'WALGUARD_SERVER_OPTIONS',
    JSON.stringify([...(flavour.imageSettings?.(container) ?? []), ...options]),
  );
}

/** Kubernetes reads $(NAME) as a reference and $$ as one $, which SQL has where it quotes. */
export function literal(name: string, value: string): EnvVar {
  return { name, value: value.replaceAll('$', '$$$$') };
}

/** By walguard's image: not every database's has mkfifo. @param mount of the directory that both containers share */
export function buildPipes({ server, image }: Subject, mount: VolumeMount): Container {
  return {
    name: 'pipes',
    image,
    command: ['mkfifo', '-m', '0600', ...PIPES.map((name) => `${mount.mountPath}/${name}`)],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts: [mount],
  };
}

/** Without the database's own variables: nobody logs in but by the pod's own socket. */
export function buildPostgres({ server }: Subject, volumeMounts: VolumeMount[]): Container {
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

const DUMP_PIPES: VolumeMount = { name: 'pipes', mountPath: DUMP_DIR };

/** A pod of ours with the image's tools beside it, which log in at the database as they are told. */
export function addClient(subject: Subject, pod: PodSpec): PodSpec {
  return {
    ...pod,
    initContainers: [buildPipes(subject, DUMP_PIPES), buildClient(subject)],
    containers: pod.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), DUMP_PIPES] })),
    volumes: [
      ...(pod.volumes ?? []),
      // In memory: a request holds the password for as long as its tool runs.
      { name: DUMP_PIPES.name, emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } },
    ],
  };
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
    volumeMounts: [DUMP_PIPES],
  };
}

/** A volume for all containers that are ours; not for the image's. */
export function addVolume(pod: PodSpec, mount: VolumeMount, volume: Volume): PodSpec {
  return {
    ...pod,
    containers: pod.containers.map((each) => ({ ...each, volumeMounts: [...(each.volumeMounts ?? []), mount] })),
    volumes: [...(pod.volumes ?? []), volume],
  };
}
