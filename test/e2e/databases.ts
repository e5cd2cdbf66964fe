// The databases of the flavour tests: one StatefulSet for each way in which people run Postgres, as they write it.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';

export const NAMESPACE = 'flavours';

export interface Database {
  readonly name: string;
  readonly image: string;
  /** Of the container that runs Postgres. */
  readonly container: string;
  /** How psql reaches it inside that container as superuser. */
  readonly psql: readonly string[];
  readonly replicas: number;
  readonly workload: StatefulSet;
  /** What stands beside it: Services, accounts. */
  readonly others: readonly object[];
}

/** One Secret for all of them. */
export const LOGIN = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: NAMESPACE },
  stringData: { password: 'of-the-owner', 'postgres-password': 'of-the-superuser', replication: 'of-the-standbys' },
};

const fromSecret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: 'login', key } } });

interface Shape {
  readonly image: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the pod, beside its containers. */
  readonly pod?: object;
  readonly container: { readonly name?: string; readonly [field: string]: unknown };
  readonly dataPath: string;
  readonly dataSubPath?: string;
  readonly mounts?: readonly object[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly psql?: readonly string[];
  readonly others?: readonly object[];
}

function build(name: string, shape: Shape): Database {
  const { image, replicas = 1, annotations = {}, dataPath, dataSubPath, labels = { app: name } } = shape;
  const data = { name: 'data', mountPath: dataPath, ...(dataSubPath === undefined ? {} : { subPath: dataSubPath }) };
  const container = {
    name: 'postgres',
    image,
    imagePullPolicy: 'IfNotPresent',
    ...shape.container,
    volumeMounts: [...(shape.mounts ?? []), data],
  };
  const workload = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: NAMESPACE, labels, annotations: { [ANNOTATION.policy]: 'standard', ...annotations } },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...shape.pod, containers: [container] } },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
      ...shape.spec,
    },
  };
  return {
    name,
    image,
    container: container.name,
    psql: shape.psql ?? ['-U', 'postgres'],
    replicas,
    workload: workload as StatefulSet,
    others: shape.others ?? [service(name, labels)],
  };
}

function service(name: string, selector: Readonly<Record<string, string>>): object {
  const spec = { clusterIP: 'None', selector, ports: [{ name: 'postgres', port: 5432 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec };
}

const ready = (...command: string[]) => ({ readinessProbe: { exec: { command }, periodSeconds: 2 } });
const isReady = ready('pg_isready', '-U', 'postgres', '-h', '127.0.0.1');
const DATA = '/var/lib/postgresql/data';

const superuser = fromSecret('POSTGRES_PASSWORD', 'postgres-password');

/** Debian's layout up to 17, data in a directory below the mount; from 18 the new one. */
function official(major: number): Database {
  const env = major >= 18 ? [superuser] : [superuser, { name: 'PGDATA', value: `${DATA}/pgdata` }];
  return build(`postgres-${major}`, {
    image: `docker.io/library/postgres:${major}`,
    container: { env, ...isReady },
    dataPath: major >= 18 ? '/var/lib/postgresql' : DATA,
  });
}

/** uid 70, the claim's subdirectory as the data directory itself, the password in a file, another port. */
const alpine = build('alpine', {
  image: 'docker.io/library/postgres:15-alpine',
  pod: { volumes: [{ name: 'login', secret: { secretName: 'login' } }] },
  container: {
    env: [{ name: 'POSTGRES_PASSWORD_FILE', value: '/run/login/postgres-password' }],
    args: ['-c', 'port=5433'],
    ...ready('pg_isready', '-U', 'postgres', '-h', '127.0.0.1', '-p', '5433'),
  },
  dataPath: DATA,
  dataSubPath: 'postgres',
  mounts: [{ name: 'login', mountPath: '/run/login', readOnly: true }],
  psql: ['-U', 'postgres', '-p', '5433'],
});

/** Three replicas without replication: three databases that have nothing in common. */
const trio = build('trio', {
  image: 'docker.io/library/postgres:15',
  replicas: 3,
  container: { env: [superuser], ...isReady },
  dataPath: DATA,
  // lost+found would be in the way of a mount that is the data directory itself.
  dataSubPath: 'data',
});

/** Behind a script with options that walguard does not see; the user passes the settings. */
function external(name: string, options: string): Database {
  return build(name, {
    image: 'docker.io/library/postgres:15',
    annotations: { [ANNOTATION.archiveSettings]: 'external' },
    container: {
      env: [superuser, { name: 'OPTIONS', value: options }],
      command: ['/bin/sh', '-c', 'eval "exec docker-entrypoint.sh postgres $OPTIONS"'],
      ...isReady,
    },
    dataPath: DATA,
    dataSubPath: 'data',
  });
}

const told = external(
  'told',
  '-c archive_mode=on -c "archive_command=/walguard/bin/archive-wal %f" -c archive_timeout=60',
);

const forgotten = external('forgotten', '-c archive_mode=on -c archive_command=/bin/true');

/** An archiver of the user's own, whose place walguard is to take. */
const taken = build('taken', {
  image: 'docker.io/library/postgres:15',
  annotations: { [ANNOTATION.archiveSettings]: 'take-over' },
  container: { env: [superuser], args: ['-c', 'archive_mode=on', '-c', 'archive_command=/bin/false'], ...isReady },
  dataPath: DATA,
  dataSubPath: 'data',
});

const SECRETS = '/opt/bitnami/postgresql/secrets';

/** As Bitnami's chart writes it: read-only root, uid 1001, passwords in files, an owner beside the superuser, flags. */
const bitnami = build('bitnami', {
  image: 'docker.io/bitnami/postgresql:15',
  pod: {
    securityContext: { fsGroup: 1001 },
    volumes: [
      { name: 'empty-dir', emptyDir: {} },
      { name: 'login', secret: { secretName: 'login' } },
    ],
  },
  container: {
    name: 'postgresql',
    env: [
      { name: 'POSTGRESQL_VOLUME_DIR', value: '/bitnami/postgresql' },
      { name: 'PGDATA', value: '/bitnami/postgresql/data' },
      { name: 'POSTGRES_USER', value: 'shop' },
      { name: 'POSTGRES_DATABASE', value: 'shop' },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS}/password` },
      { name: 'POSTGRES_POSTGRES_PASSWORD_FILE', value: `${SECRETS}/postgres-password` },
      { name: 'POSTGRESQL_EXTRA_FLAGS', value: '-c shared_buffers=48MB -c max_connections=177' },
    ],
    securityContext: {
      runAsUser: 1001,
      runAsGroup: 1001,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...ready('pg_isready', '-U', 'shop', '-h', '127.0.0.1'),
  },
  dataPath: '/bitnami/postgresql',
  mounts: [
    { name: 'empty-dir', mountPath: '/tmp', subPath: 'tmp-dir' },
    { name: 'empty-dir', mountPath: '/opt/bitnami/postgresql/conf', subPath: 'conf-dir' },
    { name: 'empty-dir', mountPath: '/opt/bitnami/postgresql/tmp', subPath: 'app-tmp-dir' },
    { name: 'login', mountPath: SECRETS },
  ],
  psql: ['-U', 'postgres', '-h', '/tmp'],
});

const SCOPE = 'patroni';
const MEMBERS = { application: 'patroni', 'cluster-name': SCOPE };

/** Three members, one of which leads; Kubernetes' Endpoints hold the lock. */
const patroni = build(SCOPE, {
  image: 'ghcr.io/zalando/patroni:15',
  replicas: 3,
  annotations: { [ANNOTATION.flavour]: 'patroni', [ANNOTATION.runAsUser]: '999' },
  labels: MEMBERS,
  pod: { serviceAccountName: SCOPE, securityContext: { fsGroup: 999 } },
  container: {
    name: 'patroni',
    env: [
      { name: 'PATRONI_KUBERNETES_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'PATRONI_KUBERNETES_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'PATRONI_KUBERNETES_USE_ENDPOINTS', value: 'true' },
      { name: 'PATRONI_KUBERNETES_LABELS', value: `{application: patroni, cluster-name: ${SCOPE}}` },
      { name: 'PATRONI_SCOPE', value: SCOPE },
      { name: 'PATRONI_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'PATRONI_SUPERUSER_USERNAME', value: 'postgres' },
      fromSecret('PATRONI_SUPERUSER_PASSWORD', 'postgres-password'),
      { name: 'PATRONI_REPLICATION_USERNAME', value: 'standby' },
      fromSecret('PATRONI_REPLICATION_PASSWORD', 'replication'),
      { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: '/home/postgres/pgdata/pgroot/data' },
      { name: 'PATRONI_POSTGRESQL_PGPASS', value: '/tmp/pgpass' },
      { name: 'PATRONI_POSTGRESQL_LISTEN', value: '0.0.0.0:5432' },
      { name: 'PATRONI_RESTAPI_LISTEN', value: '0.0.0.0:8008' },
    ],
    readinessProbe: { httpGet: { path: '/readiness', port: 8008 }, periodSeconds: 5 },
  },
  dataPath: '/home/postgres/pgdata',
  spec: { serviceName: `${SCOPE}-pods` },
  others: [
    service(`${SCOPE}-pods`, MEMBERS),
    ...[SCOPE, `${SCOPE}-config`].map((name) => ({
      // Without a selector: the Endpoints of that name are Patroni's own.
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE, labels: MEMBERS },
      spec: { clusterIP: 'None', ports: [{ port: 5432 }] },
    })),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: SCOPE, namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: SCOPE, namespace: NAMESPACE },
      rules: [
        {
          apiGroups: [''],
          resources: ['endpoints', 'configmaps', 'pods'],
          verbs: ['create', 'get', 'list', 'patch', 'update', 'watch', 'delete', 'deletecollection'],
        },
        { apiGroups: [''], resources: ['services'], verbs: ['create'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: SCOPE, namespace: NAMESPACE },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: SCOPE },
      subjects: [{ kind: 'ServiceAccount', name: SCOPE }],
    },
  ],
});

export const MAJORS = [14, 16, 17, 18].map(official);
export const DATABASES = { alpine, trio, told, forgotten, taken, bitnami, patroni };
