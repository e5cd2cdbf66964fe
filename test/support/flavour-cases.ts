// One StatefulSet for each way in which a family of images is run, and for each way of passing the settings.
import type { Container, StatefulSet, Volume } from '../../src/api/kubernetes.ts';
import { ANNOTATION, RESTORED_BY_ANNOTATION } from '../../src/api/names.ts';
import { bitnamiShape } from './flavour-shapes.ts';
import { buildWorkload } from './workloads.ts';

interface Shape {
  readonly container: Partial<Container>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly volumes?: Volume[];
  readonly others?: Container[];
}

function build({ container, annotations = {}, volumes, others = [] }: Shape): StatefulSet {
  const workload = buildWorkload({ policy: 'standard', container });
  workload.metadata.annotations = { ...workload.metadata.annotations, ...annotations };
  if (volumes) workload.spec.template.spec.volumes = volumes;
  workload.spec.template.spec.containers.push(...others);
  return workload;
}

const at = (mountPath: string, subPath?: string) => [
  { name: 'data', mountPath, ...(subPath === undefined ? {} : { subPath }) },
];
const secret = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: 'orders', key } } });
const PASSWORD = secret('POSTGRES_PASSWORD', 'password');
const DATA = '/var/lib/postgresql/data';

/** With options of the user's own, which stay. */
function bitnamiChart(): StatefulSet {
  const workload = bitnamiShape();
  workload.spec.template.spec.containers[0]?.env?.push({
    name: 'POSTGRESQL_EXTRA_FLAGS',
    value: '-c shared_buffers=128MB',
  });
  return workload;
}

export const FLAVOUR_CASES: Readonly<Record<string, () => StatefulSet>> = {
  'bitnami-chart': bitnamiChart,
  'bitnami-restored': () => {
    const workload = bitnamiChart();
    workload.metadata.annotations = { ...workload.metadata.annotations, [RESTORED_BY_ANNOTATION]: 'uid-of-a-restore' };
    return workload;
  },
  'bitnami-digest-env-from': () =>
    build({
      container: {
        image: 'bitnami/postgresql@sha256:0123',
        env: [],
        envFrom: [{ secretRef: { name: 'orders-login' } }],
        volumeMounts: at('/bitnami/postgresql'),
      },
    }),
  'patroni-rest': () =>
    build({
      annotations: { [ANNOTATION.flavour]: 'patroni', [ANNOTATION.runAsUser]: '999' },
      container: {
        image: 'registry.example:5000/patroni:4',
        env: [
          { name: 'PATRONI_SCOPE', value: 'orders' },
          { name: 'PATRONI_SUPERUSER_USERNAME', value: 'postgres' },
          secret('PATRONI_SUPERUSER_PASSWORD', 'superuser'),
          { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: '/home/postgres/pgdata/pgroot/data' },
          { name: 'PATRONI_RESTAPI_LISTEN', value: '0.0.0.0:8009' },
          secret('PATRONI_RESTAPI_PASSWORD', 'rest'),
        ],
        volumeMounts: at('/home/postgres/pgdata'),
      },
    }),
  'patroni-timescaledb-ha': () =>
    build({
      annotations: { [ANNOTATION.flavour]: 'patroni' },
      container: {
        image: 'timescale/timescaledb-ha:pg16',
        command: ['/bin/bash', '-c', 'exec patroni /etc/timescaledb/patroni.yaml'],
        env: [
          { name: 'PATRONI_POSTGRESQL_DATA_DIR', value: '/var/lib/postgresql/data' },
          { name: 'PGDATA', value: '$(PATRONI_POSTGRESQL_DATA_DIR)' },
        ],
        envFrom: [{ secretRef: { name: 'orders-credentials' } }],
        volumeMounts: at('/var/lib/postgresql'),
      },
    }),
  'patroni-spilo': () =>
    build({
      annotations: { [ANNOTATION.flavour]: 'patroni' },
      container: {
        image: 'ghcr.io/zalando/spilo-16:3.3-p1',
        env: [
          { name: 'SCOPE', value: 'orders' },
          { name: 'PGROOT', value: '/home/postgres/pgdata/pgroot' },
          secret('PGPASSWORD_SUPERUSER', 'superuser'),
        ],
        volumeMounts: at('/home/postgres/pgdata'),
      },
    }),
  'immich-pg18': () =>
    build({
      container: {
        image: 'ghcr.io/immich-app/postgres:18-vectorchord0.5.3',
        env: [PASSWORD],
        volumeMounts: at('/var/lib/postgresql'),
      },
    }),
  'supabase-stated-uid': () =>
    build({
      annotations: { [ANNOTATION.runAsUser]: '105' },
      container: {
        image: 'supabase/postgres:17.6.1.136',
        env: [PASSWORD],
        volumeMounts: at(DATA, 'postgres-data'),
      },
    }),
  'timescaledb-pg16': () =>
    build({ container: { image: 'timescale/timescaledb:2.17.2-pg16', env: [PASSWORD], volumeMounts: at(DATA) } }),
  'timescaledb-ha-alone': () =>
    build({
      container: { image: 'timescale/timescaledb-ha:pg17', env: [PASSWORD], volumeMounts: at('/home/postgres/pgdata') },
    }),
  'entrypoint-in-command': () =>
    build({
      container: {
        command: [
          'docker-entrypoint.sh',
          'postgres',
          '-c',
          'config_file=/etc/postgresql/postgresql.conf',
          '-p',
          '5433',
        ],
        env: [PASSWORD],
      },
    }),
  'variables-of-variables': () =>
    build({
      container: {
        env: [
          { name: 'DATA_ROOT', value: DATA },
          { name: 'PGDATA', value: '$(DATA_ROOT)/pgdata' },
          { name: 'PREFIX', value: 'shop' },
          { name: 'POSTGRES_USER', value: '$(PREFIX)_admin' },
          PASSWORD,
        ],
      },
    }),
  'password-file': () =>
    build({
      container: {
        env: [{ name: 'POSTGRES_PASSWORD_FILE', value: '/run/secrets/postgres/password' }],
        volumeMounts: [...at(DATA), { name: 'login', mountPath: '/run/secrets/postgres', readOnly: true }],
      },
      volumes: [{ name: 'login', secret: { secretName: 'orders' } }],
    }),
  'external-behind-a-shell': () =>
    build({
      annotations: { [ANNOTATION.archiveSettings]: 'external' },
      container: {
        command: ['/bin/sh', '-c'],
        args: ['exec docker-entrypoint.sh postgres $(cat /etc/orders/options)'],
      },
    }),
  'external-written-out': () =>
    build({
      annotations: { [ANNOTATION.archiveSettings]: 'external' },
      container: {
        args: [
          '-c',
          'archive_mode=on',
          '-c',
          'archive_command=/walguard/bin/archive-wal %f',
          '-c',
          'archive_timeout=60',
        ],
      },
    }),
  'take-over': () =>
    build({
      annotations: { [ANNOTATION.archiveSettings]: 'take-over' },
      container: { args: ['-c', 'archive_mode=always', '-c', 'archive_command=cp %p /archive/%f'] },
    }),
  'unknown-image-stated': () =>
    build({
      annotations: {
        [ANNOTATION.container]: 'db',
        [ANNOTATION.flavour]: 'docker-library',
        [ANNOTATION.runAsUser]: '70',
      },
      container: {
        name: 'db',
        image: 'registry.example/shop/accounts-db:v0.6.7',
        env: [PASSWORD],
        volumeMounts: at(DATA),
      },
      others: [{ name: 'helper', image: 'postgres:15', command: ['sleep', 'infinity'] }],
    }),
};
