// Which volume holds the data directory, and why it may not do. Room: flavour (pure).
import type { Container, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import type { Reason } from '../lib/reason.ts';
import { readVariable, resolveVariable } from '../lib/variables.ts';

/** What holds the data directory. Only claims can be mounted by a second pod. */
export type DataVolume =
  | { readonly kind: 'claim-template'; readonly template: string }
  | { readonly kind: 'claim'; readonly claimName: string };

export interface DataPlace {
  readonly mount: VolumeMount;
  readonly volume: DataVolume;
}

/**
 * The place; or why there is none.
 *
 * @param path the container's field path
 * @param imageVolume what the image declares as VOLUME: without a mount of its own there, an anonymous one covers it
 */
export function findDataPlace(
  workload: StatefulSet,
  container: Container,
  pgdata: string,
  path: string,
  imageVolume: string | undefined,
): DataPlace | Reason {
  const mount = findMount(container, pgdata);
  if (!mount) return dataMountMissing(path, pgdata);
  if (imageVolume && isAtOrBelow(pgdata, imageVolume) && !isAtOrBelow(mount.mountPath, imageVolume)) {
    return dataMountHidden(path, mount, imageVolume);
  }
  if (mount.subPathExpr !== undefined) return dataMountExpression(path, mount);
  const volume = findDataVolume(workload, mount);
  if (!volume) return dataNotPersistent(workload, mount);
  if (volume.kind === 'claim' && (workload.spec.replicas ?? 1) > 1) return claimShared(workload, mount);
  return findSpread(workload, container, pgdata, path) ?? { mount, volume };
}

function isAtOrBelow(path: string, place: string): boolean {
  return trimSlash(path) === place || path.startsWith(`${place}/`);
}

function trimSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

/** The deepest mount that holds the path. */
function findMount(container: Container, path: string): VolumeMount | undefined {
  const holds = (container.volumeMounts ?? []).filter(({ mountPath }) => isAtOrBelow(path, trimSlash(mountPath)));
  return holds.sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

function findDataVolume({ spec }: StatefulSet, { name }: VolumeMount): DataVolume | undefined {
  // A claim template wins over a pod volume of the same name, as it does in Kubernetes.
  if (spec.volumeClaimTemplates?.some(({ metadata }) => metadata.name === name)) {
    return { kind: 'claim-template', template: name };
  }
  const claim = spec.template.spec.volumes?.find((volume) => volume.name === name)?.persistentVolumeClaim;
  return claim ? { kind: 'claim', claimName: claim.claimName } : undefined;
}

/** Files of configuration may be mounted into the data directory; a volume that holds data of its own may not. */
const FILES = ['configMap', 'secret', 'projected', 'downwardAPI'];

function findSpread({ spec }: StatefulSet, container: Container, pgdata: string, path: string): Reason | undefined {
  const index = (container.volumeMounts ?? []).findIndex(({ name, mountPath }) => {
    const volume = spec.template.spec.volumes?.find((each) => each.name === name);
    return trimSlash(mountPath).startsWith(`${pgdata}/`) && !FILES.some((kind) => volume?.[kind] !== undefined);
  });
  if (index >= 0) return dataSpread(`${path}.volumeMounts[${index}].mountPath`);
  const variable = WAL_DIRECTORIES.find((name) => isSet(container, name)) ?? findInitdbArgs(container);
  return variable === undefined ? undefined : dataSpread(`${path}.env[${variable}]`);
}

/** Where images take the place of pg_wal from, and where it hides in the arguments of initdb. */
const WAL_DIRECTORIES = ['POSTGRES_INITDB_WALDIR', 'POSTGRES_INITDB_XLOGDIR', 'POSTGRESQL_INITDB_WALDIR', 'WALDIR'];
const INITDB_ARGS = ['POSTGRES_INITDB_ARGS', 'POSTGRESQL_INITDB_ARGS'];

function isSet(container: Container, name: string): boolean {
  const variable = resolveVariable(container, name);
  return variable.kind === 'unknown' || (variable.kind === 'value' && variable.value !== '');
}

function findInitdbArgs(container: Container): string | undefined {
  return INITDB_ARGS.find((name) => /(^|\s)(--(wal|xlog)dir|-X)/.test(readVariable(container, name) ?? ''));
}

function dataSpread(field: string): Reason {
  return {
    code: 'data-spread',
    field,
    seen: 'a part of the data directory on a volume of its own',
    remedy: 'Keep the whole data directory, pg_wal too, on one volume; walguard backs up and restores one.',
  };
}

function dataMountMissing(path: string, pgdata: string): Reason {
  return {
    code: 'data-mount-missing',
    field: `${path}.volumeMounts`,
    seen: `without a mount that holds ${pgdata}`,
    remedy: 'Mount a persistent volume at the data directory or above it; as it is, the data die with the pod.',
  };
}

/** The variables in it are the database container's own; a container that lacks them does not start, nor does the pod. */
function dataMountExpression(path: string, { name }: VolumeMount): Reason {
  return {
    code: 'data-mount-expression',
    field: `${path}.volumeMounts`,
    seen: `"${name}" with subPathExpr, which no other container can resolve`,
    remedy: 'Mount the data volume without subPathExpr; a plain subPath is fine.',
  };
}

/** Why each kind of volume will not do; the rest are no claims either. */
const REMEDIES: Readonly<Record<string, string>> = {
  emptyDir: 'Its data die with the pod. Keep them on a PersistentVolumeClaim (volumeClaimTemplates).',
  hostPath: 'Backup pods may not mount paths of a node. Make a local PersistentVolume of it, and claim that.',
};

function dataNotPersistent({ spec }: StatefulSet, { name }: VolumeMount): Reason {
  const volumes = spec.template.spec.volumes ?? [];
  const index = volumes.findIndex((each) => each.name === name);
  const kind = Object.keys(volumes[index] ?? {}).find((key) => key !== 'name');
  return {
    code: 'data-not-a-claim',
    field: index < 0 ? VOLUMES : `${VOLUMES}[${index}]`,
    seen: index < 0 ? `without the volume "${name}", which is to hold the data directory` : describeVolume(name, kind),
    remedy:
      REMEDIES[kind ?? ''] ??
      'Keep the data on a PersistentVolumeClaim (volumeClaimTemplates, or persistentVolumeClaim).',
  };
}

const VOLUMES = 'spec.template.spec.volumes';

function describeVolume(name: string, kind = 'of no kind'): string {
  return `"${name}", ${kind}, and holds the data directory`;
}

function claimShared({ spec }: StatefulSet, { name }: VolumeMount): Reason {
  return {
    code: 'claim-shared',
    field: `${VOLUMES}[${spec.template.spec.volumes?.findIndex((each) => each.name === name)}]`,
    seen: `one claim for ${spec.replicas} replicas, which would all write to one data directory`,
    remedy: 'Give each replica a claim of its own by volumeClaimTemplates, or set replicas to 1.',
  };
}

function dataMountHidden(path: string, { mountPath }: VolumeMount, imageVolume: string): Reason {
  return {
    code: 'data-mount-hidden',
    field: `${path}.volumeMounts`,
    seen: `a mount at ${mountPath}, but the image declares a volume at ${imageVolume}, which covers it: the data die with the pod`,
    remedy: `Mount the claim at ${imageVolume}, after copying what is there now.`,
  };
}
