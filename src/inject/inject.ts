// Adds archiving to a StatefulSet's pod template, or says why it must not. Room: inject (pure).
import type { Container, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { RECOVER, RUN_VOLUME, SHARED_DIR, SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { detect, type FoundServer, type PostgresServer } from '../flavour/detect.ts';
import type { Reason } from '../lib/reason.ts';
import { type PlacedSettings, placeSettings } from '../policy/place.ts';
import type { Settings } from '../policy/settings.ts';
import { addArchiveSettings } from './archive-settings.ts';
import { append, type Entry, writeRecord } from './record.ts';
import { buildRecovery } from './recover.ts';
import { findSettingsObstacles, readSettingsMode, type SettingsMode } from './settings-mode.ts';
import { buildRunVolume, buildSharedVolume, buildSidecar } from './sidecar.ts';
import { buildStorageVolume } from './storage-env.ts';
import { strip } from './strip.ts';

export type Injection =
  | { readonly kind: 'injected'; readonly workload: StatefulSet }
  | { readonly kind: 'refused'; readonly refusals: readonly Reason[] }
  /** Not ours to touch: no Postgres server, or one that an operator owns. */
  | { readonly kind: 'left-alone'; readonly reason: Reason };

/**
 * The workload with walguard's injection, made anew from its stripped form: same input, same bytes, however often.
 *
 * @param image reference of walguard's own image, for the sidecar
 */
export function inject(workload: StatefulSet, settings: Settings, image: string): Injection {
  const result = strip(workload);
  const examined = examine(result);
  if (examined.kind !== 'fit') return examined;
  addTo(result, examined.server, examined.mode, placeSettings(settings, result), image);
  return { kind: 'injected', workload: result };
}

/** Why it cannot be injected, whatever its policy; empty where it can, or is left alone. */
export function findRefusals(workload: StatefulSet): readonly Reason[] {
  const examined = examine(strip(workload));
  return examined.kind === 'refused' ? examined.refusals : [];
}

type Examined =
  | Exclude<Injection, { readonly kind: 'injected' }>
  | { readonly kind: 'fit'; readonly server: PostgresServer; readonly mode: SettingsMode };

/** @param workload without an injection */
function examine(workload: StatefulSet): Examined {
  const detection = detect(workload);
  if (detection.kind === 'not-postgres' || detection.kind === 'operator-owned') {
    return { kind: 'left-alone', reason: detection.reason };
  }
  const mode = readSettingsMode(workload);
  const found = detection.kind === 'server' ? detection.server : detection.found;
  // All at once, so that a person mends all at once.
  const refusals = [
    ...(found ? findObstacles(workload, found, mode) : []),
    ...(detection.kind === 'refused' ? detection.refusals : []),
  ];
  if (detection.kind === 'refused' || typeof mode !== 'string' || refusals.length > 0) {
    return { kind: 'refused', refusals };
  }
  return { kind: 'fit', server: detection.server, mode };
}

function findObstacles(workload: StatefulSet, found: FoundServer, mode: SettingsMode | Reason): Reason[] {
  return [
    ...(typeof mode === 'string' ? findSettingsObstacles(workload, found, mode) : [mode]),
    ...findTakenNames(workload),
    ...findTakenMount(found.container.volumeMounts ?? [], `${found.path}.volumeMounts`),
    ...(workload.metadata.name ? [] : [nameMissing]),
  ];
}

/** With generateName the name is made after admission, and backups are kept under it. */
const nameMissing: Reason = {
  code: 'name-missing',
  field: 'metadata.name',
  seen: 'empty',
  remedy: 'Give the StatefulSet a name of its own; its backups are kept under that name.',
};

function findTakenMount(mounts: readonly VolumeMount[], path: string): Reason[] {
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

function findTakenNames({ spec: { template, volumeClaimTemplates } }: StatefulSet): Reason[] {
  const at = (path: string, names: readonly (string | undefined)[], taken: readonly string[]) =>
    names.flatMap((name, index) => (taken.includes(name ?? '') ? [path.replace('#', String(index))] : []));
  const pod = 'spec.template.spec';
  const volumes = [SIDECAR, RUN_VOLUME, STORAGE_VOLUME, RECOVER];
  const fields = [
    ...at(`${pod}.volumes[#].name`, template.spec.volumes?.map(({ name }) => name) ?? [], volumes),
    // A claim template takes the place of a pod volume of the same name.
    ...at(
      'spec.volumeClaimTemplates[#].metadata.name',
      volumeClaimTemplates?.map(({ metadata }) => metadata.name) ?? [],
      volumes,
    ),
    ...at(`${pod}.initContainers[#].name`, template.spec.initContainers?.map(({ name }) => name) ?? [], [
      SIDECAR,
      RECOVER,
    ]),
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

function addTo(
  workload: StatefulSet,
  server: PostgresServer,
  mode: SettingsMode,
  settings: PlacedSettings,
  image: string,
): void {
  const { template } = workload.spec;
  const { spec } = template;
  const container = spec.containers.find(({ name }) => name === server.container.name) as Container;
  const sidecar = buildSidecar(workload, server, mode, settings, image);
  const recovery = buildRecovery(workload, server);
  const mount: VolumeMount = { name: SIDECAR, mountPath: SHARED_DIR, readOnly: true };
  const entries: Entry[] = [
    ...append(spec, 'volumes', 'spec.volumes', [
      buildSharedVolume(),
      buildRunVolume(),
      buildStorageVolume(settings),
      ...recovery.volumes,
    ]),
    ...append(spec, 'initContainers', 'spec.initContainers', [sidecar, ...recovery.containers]),
    ...append(container, 'volumeMounts', 'container.volumeMounts', [mount]),
  ];
  if (mode !== 'external') {
    const channel = server.flavour.channel(server.container);
    entries.push(...addArchiveSettings(container, channel, settings.archive.timeoutSeconds));
  }
  writeRecord(template, entries);
}
