import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { dockerLibrary } from '../../src/flavour/docker-library.ts';
import type { Login } from '../../src/flavour/flavour.ts';
import { containerOf, DATA, env, mountAt, SOURCE, type Values } from './build.ts';

const PARENT = '/var/lib/postgresql';
const NEW = `${PARENT}/18/docker`;

/** Image, uid and gid (one number, as they are the same), and whether it is of this family. */
const IMAGES: readonly (readonly [image: string, uid: number | 'unknown' | 'other'])[] = [
  ['postgres', 999],
  ['postgres:15', 999],
  ['postgres:15-alpine', 70],
  ['postgres:16.4-alpine3.20', 70],
  ['postgres:alpine', 70],
  ['docker.io/library/postgres:17', 999],
  ['registry.example:5000/postgres:15', 999],
  ['registry.example:5000/mirror/library/postgres', 999],
  ['registry.example:5000/postgres:15-alpine@sha256:0123', 70],
  ['postgres@sha256:0123', 'unknown'],
  ['tensorchord/pgvecto-rs:pg16-v0.3.0-rootless', 'unknown'],
  ['postgis/postgis:16-3.4', 999],
  ['postgis/postgis:16-3.4-alpine', 70],
  ['imresamu/postgis:16-3.4', 999],
  ['pgvector/pgvector:pg17', 999],
  ['ankane/pgvector:latest', 999],
  ['citusdata/citus:12.1', 999],
  ['citusdata/citus:12.1-alpine', 70],
  ['paradedb/paradedb:latest-pg17', 999],
  ['apache/age:release_PG16_1.5.0', 999],
  ['tensorchord/vchord-postgres:pg17-v0.3.0', 999],
  ['tensorchord/vchord-suite:pg17-20250414', 999],
  ['tensorchord/pgvecto-rs:pg14-v0.2.0', 999],
  ['ghcr.io/immich-app/postgres:14-vectorchord0.3.0-pgvectors0.2.0', 999],
  ['timescale/timescaledb:2.17.2-pg16', 70],
  ['timescale/timescaledb:latest-pg16-oss', 70],
  ['timescale/timescaledb-ha:pg16', 1000],
  ['supabase/postgres:15.1.0.147', 'unknown'],
  ['supabase/postgres-meta:v0.80', 'other'],
  ['prometheuscommunity/postgres-exporter:v0.15.0', 'other'],
  ['bitnami/postgresql:15', 'other'],
  ['zulip/zulip-postgresql:14', 'other'],
  ['postgres-but-not-quite:15', 'other'],
  ['notpostgres:15', 'other'],
  ['postgres/exporter:1', 'other'],
  ['', 'other'],
];

for (const [image, uid] of IMAGES) {
  test(`image "${image}": ${typeof uid === 'number' ? `uid ${uid}` : `${uid}`}`, () => {
    const container = containerOf(image);
    assert.equal(dockerLibrary.matches(container), uid !== 'other');
    if (typeof uid === 'number') assert.deepEqual(dockerLibrary.identity(container), { uid, gid: uid });
    if (uid === 'unknown') assert.equal(dockerLibrary.identity(container), undefined);
  });
}

type Place = readonly [name: string, container: Partial<Container>, pgdata: string | undefined];

/** Of postgres:15, mounted in the official place. */
const PLACES: readonly Place[] = [
  ['the official place', {}, DATA],
  ['the variable', { env: env({ PGDATA: '/data/pg' }) }, '/data/pg'],
  ['a subdirectory', { env: env({ PGDATA: `${DATA}/pgdata` }) }, `${DATA}/pgdata`],
  ['a reference to a variable above', { env: env({ ROOT: '/data', PGDATA: '$(ROOT)/pg' }) }, '/data/pg'],
  ['a reference to a variable below is not known', { env: env({ PGDATA: '$(ROOT)/pg', ROOT: '/data' }) }, undefined],
  ['a reference to the pod is not known', { env: env({ POD: undefined, PGDATA: '/data/$(POD)' }) }, undefined],
  ['a ConfigMap is not known', { env: env({ PGDATA: undefined }) }, undefined],
  ['whole sources are supposed not to say', { envFrom: SOURCE }, DATA],
  ['a variable wins over whole sources', { env: env({ PGDATA: '/data/pg' }), envFrom: SOURCE }, '/data/pg'],
  ['the last of two variables', { env: [...env({ PGDATA: '/a' }), ...env({ PGDATA: '/b' })] }, '/b'],
];

for (const [name, changes, pgdata] of PLACES) {
  test(`data directory: ${name}`, () => {
    const container = containerOf('postgres:15', { ...mountAt(DATA), ...changes });
    assert.equal(dockerLibrary.pgdata(container), pgdata);
  });
}

/** By the tag alone: the volume is mounted at the parent, where the tag must tell. */
const LAYOUTS: readonly (readonly [image: string, pgdata: string | undefined])[] = [
  ['postgres:9.6-alpine', DATA],
  ['postgres:17', DATA],
  ['postgres:17.2-bookworm', DATA],
  ['postgres:18', NEW],
  ['postgres:18.1-alpine', NEW],
  ['postgres:18@sha256:0123', NEW],
  ['postgres:18rc1', NEW],
  ['postgres:19beta1', `${PARENT}/19/docker`],
  ['postgis/postgis:18-3.6', NEW],
  ['pgvector/pgvector:0.8.0-pg17', DATA],
  ['pgvector/pgvector:0.8.1-pg18', NEW],
  ['pgvector/pgvector:pg18-trixie', NEW],
  ['timescale/timescaledb:2.23.0-pg18', NEW],
  ['timescale/timescaledb:2.17.2-pg16-oss', DATA],
  ['timescale/timescaledb-ha:pg18', '/home/postgres/pgdata/data'],
  ['ghcr.io/immich-app/postgres:18-vectorchord0.5.3', NEW],
  ['ghcr.io/immich-app/postgres:14-vectorchord0.3.0-pgvectors0.2.0', DATA],
  ['apache/age:release_PG16_1.5.0', DATA],
  ['apache/age:release_PG18_1.7.0', NEW],
  ['supabase/postgres:17.4.1.032', DATA],
  ['postgres', undefined],
  ['postgres:latest', undefined],
  ['postgres:alpine', undefined],
  ['postgres@sha256:0123', undefined],
  ['postgres:20250101', undefined],
  // What comes first in these is the version of the extension.
  ['paradedb/paradedb:0.20.0', undefined],
  ['citusdata/citus:13.2', undefined],
  ['pgvector/pgvector:0.8.0', undefined],
];

for (const [image, pgdata] of LAYOUTS) {
  test(`data directory of ${image} below ${PARENT}: ${pgdata ?? 'not known'}`, () => {
    assert.equal(dockerLibrary.pgdata(containerOf(image, mountAt(PARENT))), pgdata);
  });
}

test('where no tag tells, the old place mounted does', () => {
  for (const image of ['postgres', 'postgres:latest', 'postgres@sha256:0123']) {
    assert.equal(dockerLibrary.pgdata(containerOf(image, mountAt(DATA))), DATA);
  }
});

test('PG_MAJOR tells the layout where the tag does not', () => {
  const container = containerOf('mirror/postgres:stable', { env: env({ PG_MAJOR: '18' }), ...mountAt(PARENT) });
  assert.equal(dockerLibrary.pgdata(container), NEW);
});

const PORTS: readonly (readonly [name: string, container: Partial<Container>, port: number])[] = [
  ['nothing said', {}, 5432],
  ['-p', { args: ['-p', '5433'] }, 5433],
  ['-p in one word', { args: ['postgres', '-p5433'] }, 5433],
  ['-c port', { args: ['-c', 'port=5433'] }, 5433],
  ['--port', { args: ['--port=5433'] }, 5433],
  ['the last of two', { args: ['-p', '5433', '-c', 'port=5434'] }, 5434],
  ['an option in the command', { command: ['postgres', '-p', '5433'] }, 5433],
  ['arguments after the command', { command: ['postgres', '-p', '5433'], args: ['-p', '5434'] }, 5434],
  ['PGPORT', { env: env({ PGPORT: '5433' }) }, 5433],
  ['an option wins over PGPORT', { args: ['-p', '5434'], env: env({ PGPORT: '5433' }) }, 5434],
  ['a reference', { env: env({ PORT: '5433', PGPORT: '$(PORT)' }) }, 5433],
  ['PGPORT from elsewhere', { env: env({ PGPORT: undefined }) }, 5432],
  ['an empty PGPORT', { env: env({ PGPORT: '' }) }, 5432],
  ['no number', { args: ['-p', 'none'] }, 5432],
  ["another image's variable", { env: env({ POSTGRESQL_PORT_NUMBER: '5433' }) }, 5432],
];

for (const [name, changes, port] of PORTS) {
  test(`port: ${name} is ${port}`, () => assert.equal(dockerLibrary.port(containerOf('postgres:15', changes)), port));
}

/** What the image itself passes to Postgres, and what args would take away. */
const CHANNELS: readonly (readonly [image: string, imageArguments: readonly string[], isUnreachable?: true])[] = [
  ['postgres:15', []],
  ['postgis/postgis:16-3.4', []],
  ['timescale/timescaledb-ha:pg16', []],
  ['ghcr.io/immich-app/postgres:14', ['postgres', '-c', 'config_file=/etc/postgresql/postgresql.conf']],
  ['supabase/postgres:15.1.0.147', ['postgres', '-D', '/etc/postgresql']],
  ['apache/age:latest', ['postgres', '-c', 'shared_preload_libraries=age']],
  ['tensorchord/vchord-postgres:pg17-v0.3.0', [], true],
  ['tensorchord/vchord-suite:pg17', [], true],
  ['tensorchord/pgvecto-rs:pg14-v0.2.0', [], true],
];

for (const [image, imageArguments, isUnreachable] of CHANNELS) {
  test(`the image's own arguments of ${image}: ${isUnreachable ? 'unknown' : JSON.stringify(imageArguments)}`, () => {
    const container = containerOf(image);
    assert.deepEqual(dockerLibrary.channel(container), { kind: 'arguments', imageArguments });
    const codes = dockerLibrary.findUnreachable(container, 'at', false).map(({ code }) => code);
    assert.deepEqual(codes, isUnreachable ? ['image-arguments-unknown'] : []);
    const written = containerOf(image, { args: ['postgres', '-c', 'shared_preload_libraries=vectors.so'] });
    assert.deepEqual(dockerLibrary.findUnreachable(written, 'at', false), []);
  });
}

/** Ways to start it in which appended arguments do not reach Postgres. */
const UNREACHABLE: readonly (readonly [name: string, container: Partial<Container>, code: string, field: string])[] = [
  ['a shell', { command: ['sh', '-c', 'exec postgres'] }, 'command-unreachable', 'at.command'],
  [
    'a shell before the entrypoint',
    { command: ['bash', '-c', 'exec docker-entrypoint.sh postgres'] },
    'command-unreachable',
    'at.command',
  ],
  ['a shell in args', { args: ['bash', '-c', 'exec postgres'] }, 'arguments-unreachable', 'at.args[0]'],
  ['a script of the user', { command: ['/scripts/start.sh'] }, 'command-unreachable', 'at.command'],
  ['gosu', { command: ['gosu', 'postgres', 'postgres'] }, 'command-unreachable', 'at.command'],
  ['sleep', { command: ['sleep', 'infinity'] }, 'command-unreachable', 'at.command'],
  ['sleep in args', { args: ['sleep', 'infinity'] }, 'arguments-unreachable', 'at.args[0]'],
  ["Stolon's keeper", { command: ['stolon-keeper'] }, 'command-unreachable', 'at.command'],
  ['run-postgresql', { command: ['run-postgresql'] }, 'command-unreachable', 'at.command'],
];

for (const [name, changes, code, field] of UNREACHABLE) {
  test(`arguments do not reach Postgres behind ${name}`, () => {
    const reasons = dockerLibrary.findUnreachable(containerOf('postgres:15', changes), 'at', false);
    assert.deepEqual(
      reasons.map((reason) => [reason.code, reason.field]),
      [[code, field]],
    );
  });
}

const REACHABLE: readonly Partial<Container>[] = [
  {},
  { command: [], args: [] },
  { args: ['-c', 'work_mem=8MB'] },
  { args: ['postgres'] },
  { command: ['postgres', '-D', DATA] },
  { command: ['docker-entrypoint.sh'] },
  { command: ['/usr/local/bin/docker-entrypoint.sh', 'postgres'], args: ['-c', 'work_mem=8MB'] },
];

for (const changes of REACHABLE) {
  test(`arguments reach Postgres with ${JSON.stringify(changes)}`, () => {
    assert.deepEqual(dockerLibrary.findUnreachable(containerOf('postgres:15', changes), 'at', false), []);
  });
}

test('options are found in the command and in the arguments, each with its place', () => {
  const container = containerOf('postgres:15', {
    command: ['postgres', '-c', 'archive_mode=on'],
    args: ['--archive-command=cp %p /a'],
  });
  assert.deepEqual(
    dockerLibrary.listOptions(container, 'at').map(({ name, value, field }) => [name, value, field]),
    [
      ['archive_mode', 'on', 'at.command[2]'],
      ['archive_command', 'cp %p /a', 'at.args[0]'],
    ],
  );
});

const LOGINS: readonly (readonly [name: string, values: Values, login: Login])[] = [
  ['nothing set', {}, { user: 'postgres' }],
  ['a password', { POSTGRES_PASSWORD: 'p' }, { user: 'postgres', password: 'p' }],
  ['a user is the superuser', { POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p' }, { user: 'app', password: 'p' }],
  ['empty is unset', { POSTGRES_USER: '', POSTGRES_PASSWORD: '' }, { user: 'postgres' }],
  ['a file', { POSTGRES_PASSWORD_FILE: '/run/p' }, { user: 'postgres', passwordFile: '/run/p' }],
  ["Immich's own names", { DB_USERNAME: 'immich', DB_PASSWORD: 'p' }, { user: 'immich', password: 'p' }],
  ["Immich's file", { DB_PASSWORD_FILE: '/run/p' }, { user: 'postgres', passwordFile: '/run/p' }],
  [
    'official names before those of Immich',
    { POSTGRES_USER: 'a', DB_USERNAME: 'b', POSTGRES_PASSWORD: 'p', DB_PASSWORD: 'q' },
    { user: 'a', password: 'p' },
  ],
  [
    "a client's variables are no login",
    { PGUSER: 'a', PGPASSWORD: 'p', POSTGRESQL_PASSWORD: 'q' },
    { user: 'postgres' },
  ],
];

for (const [name, values, login] of LOGINS) {
  test(`login: ${name}`, () => assert.deepEqual(dockerLibrary.login(values), login));
}

test("Supabase's superuser is told where the user does not set it", () => {
  const image = 'supabase/postgres:15.1.0.147';
  const own = [{ name: 'POSTGRES_USER', value: 'supabase_admin' }];
  assert.deepEqual(dockerLibrary.imageVariables(containerOf(image)), own);
  const set = containerOf(image, { env: env({ POSTGRES_USER: 'me' }) });
  assert.deepEqual(dockerLibrary.imageVariables(set), []);
  assert.deepEqual(dockerLibrary.imageVariables(containerOf('postgres:15')), []);
});
