// The native sidecar: the engine's daemon beside Postgres, with the only copy of the storage credentials in the pod.
// Room: inject (pure).
import type { Container, EnvVar, Volume } from '../api/kubernetes.ts';
import { SHARED_DIR, SIDECAR, SIDECAR_PORT, STORAGE_DIR, STORAGE_VOLUME } from '../api/names.ts';
import type { PostgresServer } from '../flavour/detect.ts';
import type { Settings } from '../policy/settings.ts';
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

/** Where Postgres is and who may connect, copied from the database's own container: values, references or whole sources. */
function buildConnectionEnv({ container, flavour, pgdata }: PostgresServer): EnvVar[] {
  const copied = (container.env ?? []).filter(({ name }) => flavour.connectionEnv.includes(name));
  return [...structuredClone(copied), { name: 'PGDATA', value: pgdata }];
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
  settings: Settings,
  home: string,
): { envFrom?: Record<string, unknown>[]; env: EnvVar[] } {
  const { envFrom } = server.container;
  return {
    ...(envFrom ? { envFrom: structuredClone(envFrom) } : {}),
    env: [
      ...buildConnectionEnv(server),
      { name: 'WALGUARD_DATABASE', value: database },
      ...buildDownwardEnv(),
      // Both engines want a home, and a uid without a passwd entry wants a user's name.
      { name: 'HOME', value: home },
      { name: 'USER', value: 'postgres' },
      ...buildStorageEnv(settings),
    ],
  };
}

/** Credentials as files: a rotated Secret arrives without a restart. Optional: a missing one must not stop the database. */
export function buildStorageVolume({ storage }: Settings): Volume {
  return {
    name: STORAGE_VOLUME,
    secret: { secretName: storage.credentialsSecret, optional: true, defaultMode: 0o444 },
  };
}

export function buildSharedVolume(): Volume {
  return { name: SIDECAR, emptyDir: { sizeLimit: '128Mi' } };
}

export function buildSidecar(database: string, server: PostgresServer, settings: Settings, image: string): Container {
  const { dataMount } = server;
  return {
    name: SIDECAR,
    image,
    args: ['agent', 'sidecar'],
    restartPolicy: 'Always',
    ports: [{ name: 'walguard', containerPort: SIDECAR_PORT, protocol: 'TCP' }],
    ...buildEnvironment(database, server, settings, SHARED_DIR),
    resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    securityContext: buildSecurityContext(server),
    volumeMounts: [
      { name: SIDECAR, mountPath: SHARED_DIR },
      { name: STORAGE_VOLUME, mountPath: STORAGE_DIR, readOnly: true },
      structuredClone(dataMount),
    ],
  };
}
