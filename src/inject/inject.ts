// Adds archiving to a StatefulSet's pod template, or says why it must not. Room: inject (pure).
import type { Container, PodTemplate, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { INJECTION_ANNOTATION, SHARED_DIR, SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { detect, type PostgresServer } from '../flavour/detect.ts';
import type { Refusal } from '../lib/refusal.ts';
import type { Settings } from '../policy/settings.ts';
import { buildArchiveArgs, findArgumentConflicts } from './archive-args.ts';
import { buildSharedVolume, buildSidecar, buildStorageVolume } from './sidecar.ts';
import { type Created, strip } from './strip.ts';

export type Injection =
  | { readonly kind: 'injected'; readonly workload: StatefulSet }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  /** Not ours to touch: no Postgres server, or one that an operator owns. */
  | { readonly kind: 'left-alone'; readonly why: string };

/**
 * The workload with walguard's injection, made anew from its stripped form: same input, same bytes, however often.
 *
 * @param image reference of walguard's own image, for the sidecar
 */
export function inject(workload: StatefulSet, settings: Settings, image: string): Injection {
  const result = strip(workload);
  const detection = detect(result);
  switch (detection.kind) {
    case 'not-postgres':
      return { kind: 'left-alone', why: 'no container of it is a Postgres server that walguard knows' };
    case 'operator-owned':
      return { kind: 'left-alone', why: `it belongs to ${detection.owner}, which would undo the change` };
    case 'refused':
      return detection;
    case 'server': {
      const refusals = findObstacles(result, detection.server);
      if (refusals.length > 0) return { kind: 'refused', refusals };
      addTo(result, detection.server, settings, image);
      return { kind: 'injected', workload: result };
    }
  }
}

function findObstacles(workload: StatefulSet, { flavour, container, path }: PostgresServer): Refusal[] {
  const unreachable = flavour.checkArguments(container, path);
  return [
    ...(unreachable ? [unreachable] : []),
    ...findArgumentConflicts(container.args ?? [], `${path}.args`),
    ...findArgumentConflicts(container.command ?? [], `${path}.command`),
    ...findTakenNames(workload),
    ...findTakenMount(container.volumeMounts ?? [], `${path}.volumeMounts`),
    ...(workload.metadata.name ? [] : [nameMissing]),
  ];
}

/** With generateName the name is made after admission, and backups are kept under it. */
const nameMissing: Refusal = {
  code: 'name-missing',
  field: 'metadata.name',
  seen: 'empty',
  remedy: 'Give the StatefulSet a name of its own; its backups are kept under that name.',
};

function findTakenMount(mounts: readonly VolumeMount[], path: string): Refusal[] {
  return mounts.flatMap(({ name, mountPath }, index) => {
    if (mountPath.replace(/\/+$/, '') !== SHARED_DIR) return [];
    const seen = `${mountPath}, where "${name}" is mounted`;
    return [
      {
        code: 'mount-taken',
        field: `${path}[${index}].mountPath`,
        seen,
        remedy: 'Mount it elsewhere; walguard needs that path.',
      },
    ];
  });
}

function findTakenNames({ spec: { template, volumeClaimTemplates } }: StatefulSet): Refusal[] {
  const at = (path: string, names: readonly (string | undefined)[], taken: readonly string[]) =>
    names.flatMap((name, index) => (taken.includes(name ?? '') ? [path.replace('#', String(index))] : []));
  const pod = 'spec.template.spec';
  const volumes = [SIDECAR, STORAGE_VOLUME];
  const fields = [
    ...at(`${pod}.volumes[#].name`, template.spec.volumes?.map(({ name }) => name) ?? [], volumes),
    // A claim template takes the place of a pod volume of the same name.
    ...at(
      'spec.volumeClaimTemplates[#].metadata.name',
      volumeClaimTemplates?.map(({ metadata }) => metadata.name) ?? [],
      volumes,
    ),
    ...at(`${pod}.initContainers[#].name`, template.spec.initContainers?.map(({ name }) => name) ?? [], [SIDECAR]),
    ...at(
      `${pod}.containers[#].name`,
      template.spec.containers.map(({ name }) => name),
      [SIDECAR],
    ),
  ];
  return fields.map((field) => ({
    code: 'name-taken',
    field,
    seen: "the name of walguard's own",
    remedy: 'Rename it; walguard needs that name for its own.',
  }));
}

function addTo(workload: StatefulSet, server: PostgresServer, settings: Settings, image: string): void {
  const { template } = workload.spec;
  const created: Created[] = [];
  const { spec } = template;
  const container = spec.containers.find(({ name }) => name === server.container.name) as Container;

  push(spec, 'volumes', [buildSharedVolume(), buildStorageVolume(settings)], () => created.push('spec.volumes'));
  const sidecar = buildSidecar(workload.metadata.name ?? '', server, settings, image);
  push(spec, 'initContainers', [sidecar], () => created.push('spec.initContainers'));
  const args = buildArchiveArgs(settings.archiveTimeoutSeconds);
  push(container, 'args', args, () => created.push('container.args'));
  const mount: VolumeMount = { name: SIDECAR, mountPath: SHARED_DIR, readOnly: true };
  push(container, 'volumeMounts', [mount], () => created.push('container.volumeMounts'));
  record(template, created);
}

/** Appends, so that what the user wrote keeps its place; says when the list had to be made. */
function push<K extends string, T>(
  owner: { [key in K]?: T[] },
  key: K,
  items: readonly T[],
  onCreate: () => void,
): void {
  const list = owner[key];
  if (list === undefined) onCreate();
  owner[key] = [...(list ?? []), ...items] as never;
}

function record(template: PodTemplate, created: Created[]): void {
  if (!template.metadata) created.push('metadata');
  template.metadata ??= {};
  if (!template.metadata.annotations) created.push('metadata.annotations');
  template.metadata.annotations = {
    ...template.metadata.annotations,
    [INJECTION_ANNOTATION]: created.sort().join(','),
  };
}
