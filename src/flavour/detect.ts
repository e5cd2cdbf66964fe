// Is this workload a Postgres server, which container, and where are its data? Room: flavour (pure).
import type { Container, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import { parseImage } from '../lib/image.ts';
import type { Refusal } from '../lib/refusal.ts';
import { type Flavour, type Identity, imposedGid, imposedUid } from './flavour.ts';
import { FLAVOURS } from './index.ts';

/** What holds the data directory. Only claims can be mounted by a second pod. */
export type DataVolume =
  | { readonly kind: 'claim-template'; readonly template: string }
  | { readonly kind: 'claim'; readonly claimName: string };

/** A Postgres server found in a workload, with all that injection and companions need to know of it. */
export interface PostgresServer {
  readonly flavour: Flavour;
  readonly container: Container;
  /** Field path of the container, for messages. */
  readonly path: string;
  readonly pgdata: string;
  readonly identity: Identity;
  readonly dataMount: VolumeMount;
  readonly dataVolume: DataVolume;
}

export type Detection =
  | { readonly kind: 'not-postgres' }
  | { readonly kind: 'operator-owned'; readonly owner: string }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'server'; readonly server: PostgresServer };

const CONTAINERS = 'spec.template.spec.containers';

export function detect(workload: StatefulSet): Detection {
  const stray = [...findUnknownContainer(workload), ...findUnknownFlavour(workload)];
  if (stray.length > 0) return refused(...stray);
  const candidates = findCandidates(workload);
  const [first, second] = candidates;
  if (!first) return { kind: 'not-postgres' };
  const owner = workload.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner) return { kind: 'operator-owned', owner: `${owner.kind}/${owner.name}` };
  if (second) return { kind: 'refused', refusals: [twoCandidates(first, second)] };
  return describe(workload, first);
}

interface Candidate {
  readonly container: Container;
  readonly flavour: Flavour;
  readonly path: string;
}

function findCandidates(workload: StatefulSet): Candidate[] {
  const annotations = workload.metadata.annotations ?? {};
  const named = annotations[ANNOTATION.container];
  const stated = FLAVOURS.find(({ id }) => id === annotations[ANNOTATION.flavour]);
  return (workload.spec.template.spec.containers ?? []).flatMap((container, index) => {
    if (named !== undefined && container.name !== named) return [];
    const flavour = stated ?? FLAVOURS.find((each) => each.matches(parseImage(container.image ?? '')));
    if (!flavour || (!stated && !flavour.isServer(container))) return [];
    return [{ container, flavour, path: `${CONTAINERS}[${index}]` }];
  });
}

/** A slip of the pen in an annotation of ours must not make a database look like none. */
function findUnknownContainer({ metadata, spec }: StatefulSet): Refusal[] {
  const named = metadata.annotations?.[ANNOTATION.container];
  const names = (spec.template.spec.containers ?? []).map(({ name }) => name);
  if (named === undefined || names.includes(named)) return [];
  return [
    {
      code: 'container-unknown',
      field: `metadata.annotations[${ANNOTATION.container}]`,
      seen: `"${named}", which no container is called`,
      remedy: `Write one of: ${names.join(', ')}.`,
    },
  ];
}

function findUnknownFlavour({ metadata }: StatefulSet): Refusal[] {
  const stated = metadata.annotations?.[ANNOTATION.flavour];
  if (stated === undefined || FLAVOURS.some(({ id }) => id === stated)) return [];
  return [
    {
      code: 'flavour-unknown',
      field: `metadata.annotations[${ANNOTATION.flavour}]`,
      seen: `"${stated}", which walguard does not know`,
      remedy: `Write one of: ${FLAVOURS.map(({ id }) => id).join(', ')}.`,
    },
  ];
}

function twoCandidates(first: Candidate, second: Candidate): Refusal {
  return {
    code: 'two-candidates',
    field: CONTAINERS,
    seen: `two Postgres servers, "${first.container.name}" and "${second.container.name}"`,
    remedy: `Name the one to protect with the annotation ${ANNOTATION.container}.`,
  };
}

function describe(workload: StatefulSet, { container, flavour, path }: Candidate): Detection {
  const pgdata = flavour.pgdata(container);
  if (pgdata === undefined) return refused(pgdataUnknown(path));
  const mount = findDataMount(container, pgdata);
  if (!mount) return refused(dataMountMissing(path, pgdata));
  if (mount.subPathExpr !== undefined) return refused(dataMountExpression(path, mount));
  const volume = findDataVolume(workload, mount);
  if (!volume) return refused(dataNotPersistent(workload, mount));
  const identity = resolveIdentity(workload, container, flavour);
  return {
    kind: 'server',
    server: { flavour, container, path, pgdata, identity, dataMount: mount, dataVolume: volume },
  };
}

function refused(...refusals: Refusal[]): Detection {
  return { kind: 'refused', refusals };
}

function pgdataUnknown(path: string): Refusal {
  return {
    code: 'pgdata-unknown',
    field: `${path}.env`,
    seen: 'without a PGDATA that can be read from the manifest, and neither the tag nor a mount tells it',
    remedy: 'Set PGDATA to the absolute path of the data directory.',
  };
}

function dataMountMissing(path: string, pgdata: string): Refusal {
  return {
    code: 'data-mount-missing',
    field: `${path}.volumeMounts`,
    seen: `without a mount that holds ${pgdata}`,
    remedy: 'Mount a persistent volume at the data directory or above it; as it is, the data die with the pod.',
  };
}

/** The variables in it are the database container's own; a container that lacks them does not start, nor does the pod. */
function dataMountExpression(path: string, mount: VolumeMount): Refusal {
  return {
    code: 'data-mount-expression',
    field: `${path}.volumeMounts`,
    seen: `"${mount.name}" with subPathExpr, which no other container can resolve`,
    remedy: 'Mount the data volume without subPathExpr; a plain subPath is fine.',
  };
}

function dataNotPersistent(workload: StatefulSet, mount: VolumeMount): Refusal {
  const volume = workload.spec.template.spec.volumes?.find(({ name }) => name === mount.name);
  const kind = Object.keys(volume ?? {}).find((key) => key !== 'name') ?? 'nothing';
  return {
    code: 'data-not-a-claim',
    field: 'spec.template.spec.volumes',
    seen: `${kind} for "${mount.name}", which holds the data directory`,
    remedy: 'Keep the data on a PersistentVolumeClaim (volumeClaimTemplates, or persistentVolumeClaim).',
  };
}

function findDataMount(container: Container, pgdata: string): VolumeMount | undefined {
  const holds = (container.volumeMounts ?? []).filter(
    ({ mountPath }) => pgdata === trimSlash(mountPath) || pgdata.startsWith(`${trimSlash(mountPath)}/`),
  );
  return holds.sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

function trimSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

function findDataVolume(workload: StatefulSet, mount: VolumeMount): DataVolume | undefined {
  // A claim template wins over a pod volume of the same name, as it does in Kubernetes.
  if (workload.spec.volumeClaimTemplates?.some(({ metadata }) => metadata.name === mount.name)) {
    return { kind: 'claim-template', template: mount.name };
  }
  const claim = workload.spec.template.spec.volumes?.find(({ name }) => name === mount.name)?.persistentVolumeClaim;
  return claim ? { kind: 'claim', claimName: claim.claimName } : undefined;
}

function resolveIdentity(workload: StatefulSet, container: Container, flavour: Flavour): Identity {
  const pod = workload.spec.template.spec;
  const byImage = flavour.identity(parseImage(container.image ?? ''));
  const stated = Number.parseInt(workload.metadata.annotations?.[ANNOTATION.runAsUser] ?? '', 10);
  const uid = stated > 0 ? stated : (imposedUid(pod, container) ?? byImage.uid);
  return { uid, gid: imposedGid(pod, container) ?? byImage.gid };
}
