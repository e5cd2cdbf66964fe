// StatefulSets that are a Postgres by one sign alone, and generated ones of signs and of what only looks like one.
import fc from 'fast-check';
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { buildWorkload } from './workloads.ts';

const PLAIN: Partial<Container> = { image: 'registry.example/shop/db:1', env: [], volumeMounts: [] };

const build = (container: Partial<Container>, annotations: Record<string, string> = {}): StatefulSet => {
  const workload = buildWorkload({ container: { ...PLAIN, ...container } });
  return { ...workload, metadata: { ...workload.metadata, annotations } };
};
const at = (mountPath: string) => ({ volumeMounts: [{ name: 'data', mountPath }] });

const IMAGES = [
  'postgres',
  'postgis/postgis:16-3.4',
  'registry.example:5000/mirror/postgres:16@sha256:0123',
  'ghcr.io/immich-app/postgres:16-vectorchord0.4.3',
  'supabase/postgres:17.6.1.136',
  'apache/age:release_PG16_1.5.0',
  'tensorchord/pgvecto-rs:pg16-v0.2.0',
  'tensorchord/vchord-postgres:pg17-v0.2.1',
  'tensorchord/vchord-suite:pg17-latest',
  'timescale/timescaledb-ha:pg16',
  'timescale/timescaledb-oss:latest-pg15',
  'pgvector/pgvector:pg17',
  'citusdata/citus:12.1',
  'paradedb/paradedb:0.15.0-pg17',
  'bitnami/postgresql:17',
  'bitnamilegacy/postgresql-repmgr:16',
  'ghcr.io/zalando/spilo-16:3.3-p1',
  'registry.example/patroni:4',
  'ubuntu/postgres:14',
  'centos/pgsql-12',
] as const;

const MOUNTS = [
  '/var/lib/postgresql',
  '/var/lib/postgresql/data',
  '/var/lib/postgres/data',
  '/var/lib/pgsql/data',
  '/bitnami/postgresql',
  '/home/postgres/pgdata',
  '/stolon-data',
  '/pgdata/16',
] as const;

const COMMANDS: readonly (readonly string[])[] = [
  ['postgres', '-D', '/data'],
  ['postmaster', '-D', '/data'],
  ['patroni', '/etc/patroni.yml'],
  ['stolon-keeper'],
  ['pg_autoctl', 'run'],
  ['run-postgresql'],
  ['sh', '-c', 'exec pg_ctl -D /data start'],
  ['bash', '-c', 'pg_ctlcluster 16 main start'],
  ['gosu', '999', 'docker-entrypoint.sh', 'postgres'],
];

const SIGNS: Readonly<Record<string, string>> = {
  [ANNOTATION.container]: 'postgres',
  [ANNOTATION.flavour]: 'docker-library',
  [ANNOTATION.runAsUser]: 'root',
};

/** Each is a Postgres, or a slip in the annotations of one, by that sign and no other. */
export const ONE_SIGN: ReadonlyMap<string, StatefulSet> = new Map([
  ...IMAGES.map((image) => [`image ${image}`, build({ image })] as const),
  ...MOUNTS.map((path) => [`mount ${path}`, build(at(path))] as const),
  ...COMMANDS.map((words) => [`command ${words.join(' ')}`, build({ command: [...words] })] as const),
  ...COMMANDS.map((words) => [`args ${words.join(' ')}`, build({ args: [...words] })] as const),
  ['variable PGDATA', build({ env: [{ name: 'PGDATA', value: '/data' }] })],
  [
    'Patroni by its variable and a mount',
    build({ image: 'registry.example/shop:1', env: [{ name: 'PATRONI_SCOPE', value: 'a' }], ...at('/x/timescale') }),
  ],
  ['Patroni by its variable and the image', build({ image: 'shop/my-pgdata', env: [{ name: 'SPILO_X', value: 'a' }] })],
  ...Object.entries(SIGNS).map(([key, value]) => [`annotation ${key}`, build({}, { [key]: value })] as const),
]);

const OTHERS = [
  'redis:7',
  'apache/kafka:3.9',
  'mysql',
  'prom/postgres-exporter',
  'dpage/pgadmin4',
  'edoburu/pgbouncer',
];

function seldom<T>(mostly: T, rarely: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(mostly) }, { weight: 1, arbitrary: rarely });
}

const words = fc.oneof(
  fc.constantFrom(...COMMANDS.map((each) => [...each])),
  fc.array(fc.constantFrom('sh', '-c', 'sleep', 'postgres', '-D', 'docker-entrypoint.sh', 'redis-server', 'pg_dump'), {
    maxLength: 3,
  }),
);
const variable = fc.constantFrom('PGDATA', 'PATRONI_SCOPE', 'PGROOT', 'TZ').map((name) => ({ name, value: '/data' }));
const mount = fc.constantFrom(...MOUNTS, '/data', '/srv', '/x/timescale').map((path) => at(path).volumeMounts);

/** Few signs each, so that each has its say. */
const container: fc.Arbitrary<Partial<Container>> = fc
  .record({
    image: fc.oneof(fc.constantFrom(...IMAGES), fc.constantFrom(...OTHERS), fc.constantFrom(...OTHERS)),
    command: seldom([], words),
    args: seldom([], words),
    env: fc.array(seldom({ name: 'TZ', value: 'UTC' }, variable), { maxLength: 2 }),
    volumeMounts: seldom([], mount),
  })
  .map(({ command, args, ...each }) => ({
    ...each,
    ...(command.length > 0 && { command }),
    ...(args.length > 0 && { args }),
  }));

const annotations = fc.dictionary(
  fc.constantFrom('policy', 'exempt', 'exempt-until', 'container', 'flavour').map((key) => `walguard.dev/${key}`),
  fc.constantFrom('', ' ', 'a', 'standard', 'docker-library', '2020-01-01'),
  { maxKeys: 2 },
);
const zalando = fc.constant({ application: 'spilo', 'cluster-name': 'orders' });

/** Signs in any mixture, in one or two containers, now and then owned by an operator. */
export const lookalike: fc.Arbitrary<StatefulSet> = fc
  .record({
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    annotations: seldom<Record<string, string>>({}, annotations),
    labels: seldom<Record<string, string>>({}, zalando),
    isOwned: seldom(false, fc.constant(true)),
  })
  .map(({ containers, isOwned, ...metadata }) => {
    const workload = buildWorkload();
    workload.metadata = { ...workload.metadata, ...metadata };
    const owner = { apiVersion: 'example.test/v1', kind: 'Cluster', name: 'orders', uid: 'some-uid', controller: true };
    if (isOwned) workload.metadata.ownerReferences = [owner];
    workload.spec.template.spec.containers = containers.map((each, index) => ({ name: `c-${index}`, ...each }));
    return workload;
  });
