// The native sidecar: the engine's daemon beside Postgres, with the only copy of the storage credentials in the pod.
// Room: inject (pure).
import type { Container, EnvVar, StatefulSet, Volume, VolumeMount } from '../api/kubernetes.ts';
import { RUN_DIR, RUN_VOLUME, SHARED_DIR, SIDECAR, SIDECAR_PORT, STORAGE_DIR, STORAGE_VOLUME } from '../api/names.ts';
import type { PostgresServer } from '../flavour/detect.ts';
import { cloneJson } from '../lib/json.ts';
import { copyEntries, findEntry, readVariable } from '../lib/variables.ts';
import type { PlacedSettings } from '../policy/place.ts';
import type { Settings } from '../policy/settings.ts';
import { buildCareEnv } from './archive-care.ts';
import type { SettingsMode } from './settings-mode.ts';
import { buildStorageEnv } from './storage-env.ts';

/** What Pod Security `restricted` asks, with the uid that owns the data directory: files there are 0600. */
export function buildSecurityContext({ identity }: PostgresServer): Record<string, unknown> {
  return {
    runAsUser: identity.uid,
    runAsGroup: identity.gid,
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/**
 * Who may connect, copied from the database's own container: values, references, whole sources. Where a source may set
 * PGDATA, which a manifest does not show, ours is only what holds if it does not.
 */
function buildLoginEnv({ container, flavour, pgdata }: PostgresServer): EnvVar[] {
  const isOpen = container.envFrom !== undefined && findEntry(container, 'PGDATA') === undefined;
  return [
    ...copyEntries(container, flavour.loginVariables),
    ...flavour.imageVariables(container),
    { name: 'WALGUARD_FLAVOUR', value: flavour.id },
    { name: isOpen ? 'WALGUARD_PGDATA' : 'PGDATA', value: pgdata },
  ];
}

function fieldRef(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}

function buildDownwardEnv(): EnvVar[] {
  return [
    fieldRef('WALGUARD_NAMESPACE', 'metadata.namespace'),
    fieldRef('WALGUARD_POD', 'metadata.name'),
    fieldRef('WALGUARD_NODE', 'spec.nodeName'),
  ];
}

/** What every agent is told, in the sidecar and in the jobs. @param home a directory that it may write to */
export function buildEnvironment(
  database: string,
  server: PostgresServer,
  settings: PlacedSettings,
  home: string,
): { envFrom?: Record<string, unknown>[]; env: EnvVar[] } {
  const { envFrom } = server.container;
  return {
    ...(envFrom ? { envFrom: cloneJson(envFrom) } : {}),
    env: [
      ...buildLoginEnv(server),
      { name: 'WALGUARD_DATABASE', value: database },
      ...buildDownwardEnv(),
      // Both engines want a home, and a uid without a passwd entry wants a user's name.
      { name: 'HOME', value: home },
      { name: 'USER', value: 'postgres' },
      ...buildStorageEnv(settings),
    ],
  };
}

export function buildSharedVolume(): Volume {
  return { name: SIDECAR, emptyDir: { sizeLimit: '128Mi' } };
}

/** Not for the database container: it may speak to the gates before the engine, never to the engine. */
export function buildRunVolume(): Volume {
  return { name: RUN_VOLUME, emptyDir: { sizeLimit: '1Mi' } };
}

/** Where passwords are read from files: the mounts that hold them, as the database container has them, and read-only. */
export function findPasswordMounts({ container, flavour, dataMount }: PostgresServer): VolumeMount[] {
  const files = flavour.loginVariables.filter((name) => name.endsWith('_FILE'));
  const paths = files.map((name) => readVariable(container, name)).filter((path) => path !== undefined);
  const mounts = (container.volumeMounts ?? []).filter(
    (mount) =>
      mount.name !== dataMount.name && paths.some((path) => path.startsWith(`${mount.mountPath.replace(/\/+$/, '')}/`)),
  );
  return mounts.map((mount) => ({ ...cloneJson(mount), readOnly: true }));
}

/** What only the sidecar is told: how to reach Postgres beside it, and what to see to. */
function buildSidecarEnv(server: PostgresServer, mode: SettingsMode, settings: Settings): EnvVar[] {
  const { kind } = server.flavour.channel(server.container);
  return [
    { name: 'WALGUARD_PGPORT', value: String(server.port) },
    { name: 'WALGUARD_SETTINGS_MODE', value: mode },
    { name: 'WALGUARD_SETTINGS_CHANNEL', value: mode === 'external' ? 'external' : kind },
    { name: 'WALGUARD_ARCHIVE_TIMEOUT', value: String(settings.archive.timeoutSeconds) },
  ];
}

export function buildSidecar(
  { metadata, spec }: StatefulSet,
  server: PostgresServer,
  mode: SettingsMode,
  settings: PlacedSettings,
  image: string,
): Container {
  const { envFrom, env } = buildEnvironment(metadata.name ?? '', server, settings, SHARED_DIR);
  return {
    name: SIDECAR,
    image,
    args: ['agent', 'sidecar'],
    restartPolicy: 'Always',
    ports: [{ name: 'walguard', containerPort: SIDECAR_PORT, protocol: 'TCP' }],
    ...(envFrom ? { envFrom } : {}),
    env: [...env, ...buildSidecarEnv(server, mode, settings), ...buildCareEnv(settings.archive, spec.template.spec)],
    resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts: [
      { name: SIDECAR, mountPath: SHARED_DIR },
      { name: RUN_VOLUME, mountPath: RUN_DIR },
      { name: STORAGE_VOLUME, mountPath: STORAGE_DIR, readOnly: true },
      cloneJson(server.dataMount),
      ...findPasswordMounts(server),
    ],
  };
}
