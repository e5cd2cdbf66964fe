import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { findCandidate, findDataMount } from '../../src/flavour/evidence.ts';
import { containerOf, DATA, env, mountAt } from './build.ts';

const UNKNOWN = 'registry.example/team/db:1';
const PGDATA = { env: env({ PGDATA: '/data/pg' }) };
const shell = (script: string) => ({ command: ['sh', '-c', script] });

/** Containers that look like a server: of which flavour, known by what, and whether started in a way that can be read. */
const SERVERS: readonly (readonly [
  name: string,
  container: Container,
  flavour: string,
  evidence: RegExp,
  isPlain: boolean,
])[] = [
  ['the official image', containerOf('postgres:15'), 'docker-library', /^image postgres:15$/, true],
  [
    'the official image with options',
    containerOf('postgres:15', { args: ['-c', 'a=b'] }),
    'docker-library',
    /^image/,
    true,
  ],
  ['Bitnami', containerOf('bitnami/postgresql:16'), 'bitnami', /^image/, true],
  ['Spilo', containerOf('zalando/spilo-17'), 'patroni', /^image/, true],
  ['Patroni in the official image', containerOf('postgres:15', { command: ['patroni'] }), 'patroni', /^image/, true],
  ['a script that starts it', containerOf('postgres:15', shell('exec postgres')), 'docker-library', /^image/, true],
  [
    'an unclear command on the data',
    containerOf('postgres:15', { command: ['/start.sh'], ...mountAt(DATA) }),
    'docker-library',
    /^image/,
    false,
  ],
  [
    'an unclear command on data in a place of its own',
    containerOf('postgres:15', { command: ['/start.sh'], ...PGDATA, ...mountAt('/data') }),
    'docker-library',
    /^image/,
    false,
  ],
  ['gosu', containerOf('postgres:15', { command: ['gosu', 'postgres', 'postgres'] }), 'docker-library', /^image/, true],
  [
    'sleep on the data',
    containerOf('postgres:15', { command: ['sleep', 'infinity'], ...mountAt(DATA) }),
    'docker-library',
    /^image/,
    false,
  ],
  ['an unknown image on data', containerOf(UNKNOWN, mountAt(DATA)), 'none', /mount at .*data/, true],
  [
    'an unknown image on data of RedHat',
    containerOf(UNKNOWN, mountAt('/var/lib/pgsql/data')),
    'none',
    /mount at/,
    true,
  ],
  ['an unknown image with PGDATA', containerOf(UNKNOWN, PGDATA), 'none', /PGDATA/, true],
  [
    'an unknown image that starts postgres',
    containerOf(UNKNOWN, { command: ['postgres', '-D', '/data'] }),
    'none',
    /command/,
    true,
  ],
  ['an unknown image by its script', containerOf(UNKNOWN, shell('exec postgres -D /data')), 'none', /command/, false],
  ['an unknown image called Postgres', containerOf('percona/percona-distribution-postgresql:16'), 'none', /name/, true],
  ['an unknown image called TimescaleDB', containerOf('team/our-timescaledb:2'), 'none', /name/, true],
  ['a version in the name', containerOf('rhel8/postgresql-13'), 'none', /name/, true],
  ['zulip', containerOf('zulip/zulip-postgresql:14'), 'none', /name/, true],
  ['kartoza', containerOf('kartoza/postgis:16-3.4'), 'none', /name/, true],
  [
    "Stolon's keeper",
    containerOf('sorintlab/stolon:master-pg15', {
      ...shell('exec gosu stolon stolon-keeper --data-dir /stolon-data'),
      ...mountAt('/stolon-data'),
    }),
    'none',
    /mount at/,
    false,
  ],
];

for (const [name, container, flavour, evidence, isPlain] of SERVERS) {
  test(`a server: ${name}`, () => {
    const candidate = findCandidate(container, 'at');
    assert.ok(candidate, 'not found');
    assert.equal(candidate.flavour?.id ?? 'none', flavour);
    assert.match(candidate.evidence, evidence);
    assert.equal(candidate.isPlain, isPlain);
    assert.equal(candidate.path, 'at');
  });
}

const WAL_G = { env: env({ WALG_S3_PREFIX: 's3://backups', WALG_COMPRESSION_METHOD: 'lz4', AWS_REGION: 'a' }) };
const BACKUP_LOOP = shell(
  'while true; do pg_dump -h orders -U postgres postgres | gzip > /backup/a.gz; sleep 3600; done',
);

/** Containers that must never be touched. */
const OTHERS: readonly (readonly [name: string, container: Container])[] = [
  ['nothing at all', { name: 'a' }],
  ['an empty image', containerOf('')],
  ['an exporter', containerOf('prometheuscommunity/postgres-exporter:v0.15.0')],
  ['an exporter with an underscore', containerOf('quay.io/prometheuscommunity/postgres_exporter')],
  ["an exporter of Bitnami's", containerOf('bitnami/postgres-exporter:0.15')],
  ['an exporter that mounts the data', containerOf('wrouesnel/postgres_exporter', mountAt(DATA))],
  ['PgBouncer', containerOf('edoburu/pgbouncer:1.23', { env: env({ DB_HOST: 'orders' }) })],
  ["PgBouncer of Bitnami's", containerOf('bitnami/pgbouncer:1', { env: env({ POSTGRESQL_HOST: 'orders' }) })],
  ['Pgpool', containerOf('bitnami/pgpool:4')],
  ['PgCat', containerOf('ghcr.io/postgresml/pgcat:latest')],
  ['Odyssey', containerOf('team/odyssey:1')],
  ['pgAdmin', containerOf('dpage/pgadmin4:8')],
  ['Adminer', containerOf('adminer:4')],
  ['PostgREST', containerOf('postgrest/postgrest:v12')],
  ['pgweb', containerOf('sosedoff/pgweb')],
  ['an operator', containerOf('ghcr.io/zalando/postgres-operator:v1')],
  ['an adapter', containerOf('timescale/prometheus-postgresql-adapter:1')],
  ["Supabase's helper", containerOf('supabase/postgres-meta:v0.80')],
  ['WAL-G beside a server', containerOf('team/wal-g:3', { ...WAL_G, ...mountAt(DATA), ...PGDATA })],
  ['pgBackRest', containerOf('woblerr/pgbackrest:2.53', mountAt(DATA))],
  ['Barman', containerOf('team/barman:3', mountAt('/var/lib/barman'))],
  ['a backup image', containerOf('prodrigestivill/postgres-backup-local:15', mountAt('/backups'))],
  ['MariaDB with WAL-G', containerOf('mariadb:11', { ...WAL_G, ...mountAt('/var/lib/mysql') })],
  ['MySQL with WAL-G', containerOf('mysql:8', { ...WAL_G, ...mountAt('/var/lib/mysql') })],
  ['MongoDB with WAL-G', containerOf('mongo:7', { ...WAL_G, ...mountAt('/data/db') })],
  ['Redis with WAL-G', containerOf('redis:7', { ...WAL_G, ...mountAt('/data') })],
  [
    'Redis by its own entrypoint',
    containerOf('redis:7', { command: ['docker-entrypoint.sh'], args: ['--appendonly', 'yes'] }),
  ],
  [
    'Valkey by its own entrypoint',
    containerOf('valkey/valkey:8', { command: ['docker-entrypoint.sh'], args: ['--appendonly', 'yes'] }),
  ],
  ['RabbitMQ by its own entrypoint', containerOf('rabbitmq:4', { command: ['docker-entrypoint.sh'] })],
  ['Cassandra by a script', containerOf('cassandra:5', shell('exec docker-entrypoint.sh cassandra -f'))],
  [
    'Zabbix, which stores in Postgres',
    containerOf('zabbix/zabbix-server-pgsql:alpine-7.0-latest', { env: env({ POSTGRES_USER: 'a' }) }),
  ],
  ["Zabbix's pages", containerOf('zabbix/zabbix-web-nginx-pgsql:7.0-ubuntu-latest')],
  ['a connector that reads from Postgres', containerOf('airbyte/source-postgres:3.6')],
  [
    'an app with a login',
    containerOf('team/app:1', { env: env({ PGHOST: 'orders', PGUSER: 'a', POSTGRES_PASSWORD: 'p' }) }),
  ],
  ['an app with an OAuth scope', containerOf('team/app:1', { env: env({ SCOPE: 'openid' }) })],
  ['an app that uses etcd', containerOf('apache/apisix:3', { env: env({ ETCD_HOSTS: 'http://etcd:2379' }) })],
  ['an app whose database is called Patroni', containerOf('team/app:1', { args: ['--db-host=orders-patroni'] })],
  [
    'psql in a loop',
    containerOf('postgres:15', shell('while true; do psql -h orders -U postgres -c "select 1"; sleep 5; done')),
  ],
  ['psql', containerOf('postgres:15', { command: ['psql', '-U', 'postgres', 'postgres'] })],
  [
    'psql with variables before it',
    containerOf('postgres:15', { command: ['env', 'PGPASSWORD=p', 'psql', '-U', 'postgres'] }),
  ],
  [
    'psql by an address',
    containerOf('postgres:15', shell('psql postgresql://a:$' + '{PASSWORD}@orders:5432/postgres -f /a.sql')),
  ],
  ['a dump as an argument', containerOf('postgres:15', { args: ['pg_dump', '-h', 'orders'] })],
  ['a backup loop from the server image', containerOf('postgres:15', { ...BACKUP_LOOP, ...mountAt('/backup') })],
  [
    "a backup loop from Bitnami's image",
    containerOf('bitnami/postgresql:16', { ...BACKUP_LOOP, ...mountAt('/backup') }),
  ],
  ['a shell', containerOf('postgres:15', { command: ['sh'] })],
  ['sleep without data', containerOf('postgres:15', { command: ['sleep', 'infinity'] })],
  ['the script that only prepares the directory', containerOf('postgres:15', { command: ['docker-ensure-initdb.sh'] })],
  ["Stolon's proxy", containerOf('sorintlab/stolon:master-pg15', shell('exec gosu stolon stolon-proxy'))],
  ["Stolon's sentinel", containerOf('sorintlab/stolon:master-pg15', { command: ['stolon-sentinel'] })],
  ['patronictl', containerOf('zalando/spilo-17', { command: ['patronictl', 'list'] })],
];

for (const [name, container] of OTHERS) {
  test(`no server: ${name}`, () => assert.equal(findCandidate(container, 'at'), undefined));
}

const PLACES: readonly (readonly [mountPath: string, isData: boolean])[] = [
  ['/var/lib/postgresql', true],
  [DATA, true],
  [`${DATA}/pgdata`, true],
  ['/var/lib/postgresql/18/docker', true],
  ['/var/lib/pgsql/data', true],
  ['/bitnami/postgresql', true],
  ['/home/postgres/pgdata', true],
  ['/stolon-data', true],
  ['/var/lib/postgresql-backup', false],
  ['/var/lib/mysql', false],
  ['/var/lib', false],
  ['/data', false],
  ['/backup/var/lib/postgresql', false],
];

for (const [mountPath, isData] of PLACES) {
  test(`${mountPath} ${isData ? 'is' : 'is not'} a place where only Postgres keeps data`, () => {
    assert.equal(findDataMount({ name: 'a', ...mountAt(mountPath) }), isData ? mountPath : undefined);
  });
}

test('a mount with a slash at its end is the same place', () => {
  assert.ok(findDataMount({ name: 'a', ...mountAt('/var/lib/postgresql/data/') }));
  assert.ok(findDataMount({ name: 'a', ...mountAt('/stolon-data/') }));
});
