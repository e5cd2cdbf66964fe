import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { bitnami } from '../../src/flavour/bitnami.ts';
import type { Login } from '../../src/flavour/flavour.ts';
import { containerOf, env, mountAt, SOURCE, type Values } from './build.ts';

const IMAGE = 'bitnami/postgresql:16';
const VOLUME = '/bitnami/postgresql';
const SCRIPTS = '/opt/bitnami/scripts/postgresql';
const ENTRYPOINT = `${SCRIPTS}/entrypoint.sh`;
const RUN = `${SCRIPTS}/run.sh`;

const IMAGES: readonly (readonly [image: string, isOurs: boolean])[] = [
  [IMAGE, true],
  ['docker.io/bitnami/postgresql:16.4.0-debian-12-r9', true],
  ['bitnamilegacy/postgresql:15', true],
  ['bitnamisecure/postgresql:latest', true],
  ['registry.example:5000/mirror/bitnami/postgresql@sha256:0123', true],
  ['bitnami/postgresql-repmgr:15', true],
  ['bitnami/postgres-exporter:0.15', false],
  ['bitnami/pgbouncer:1', false],
  ['bitnami/pgpool:4', false],
  ['bitnami/mariadb:11', false],
  ['bitnami/redis:7', false],
  ['sclorg/postgresql:15', false],
  ['registry.example/team/postgresql:16', false],
  ['notbitnami/postgresql:16', false],
  ['postgres:15', false],
  ['', false],
];

for (const [image, isOurs] of IMAGES) {
  test(`image "${image}" ${isOurs ? 'is' : 'is not'} of Bitnami's family`, () => {
    assert.equal(bitnami.matches(containerOf(image)), isOurs);
  });
}

test('a mirror that hides the name is known by the mount that only this family has', () => {
  assert.equal(bitnami.matches(containerOf('registry.example/team/postgresql:16', mountAt(VOLUME))), true);
  assert.equal(bitnami.matches(containerOf('registry.example/team/postgresql:16', mountAt('/data'))), false);
});

test('the uid is 1001, whatever the tag says', () => {
  assert.equal(bitnami.identity(containerOf(IMAGE))?.uid, 1001);
  assert.equal(bitnami.identity(containerOf('bitnami/postgresql:alpine'))?.uid, 1001);
});

const PLACES: readonly (readonly [name: string, container: Partial<Container>, pgdata: string | undefined])[] = [
  ['nothing said', {}, `${VOLUME}/data`],
  ['PGDATA', { env: env({ PGDATA: '/data' }) }, '/data'],
  ['POSTGRES_DATA_DIR wins over PGDATA', { env: env({ PGDATA: '/a', POSTGRES_DATA_DIR: '/b' }) }, '/b'],
  ['POSTGRESQL_DATA_DIR wins', { env: env({ POSTGRES_DATA_DIR: '/b', POSTGRESQL_DATA_DIR: '/c' }) }, '/c'],
  ['an empty one is unset', { env: env({ POSTGRESQL_DATA_DIR: '', PGDATA: '/data' }) }, '/data'],
  ['the volume elsewhere', { env: env({ POSTGRESQL_VOLUME_DIR: '/volume' }) }, '/volume/data'],
  ['a reference', { env: env({ ROOT: '/a', PGDATA: '$(ROOT)/b' }) }, '/a/b'],
  ['a ConfigMap is not known', { env: env({ PGDATA: undefined }) }, undefined],
  [
    'the first name from a ConfigMap is not known',
    { env: env({ POSTGRESQL_DATA_DIR: undefined, PGDATA: '/a' }) },
    undefined,
  ],
  ['a volume from a ConfigMap is not known', { env: env({ POSTGRESQL_VOLUME_DIR: undefined }) }, undefined],
  ['whole sources are supposed not to say', { envFrom: SOURCE }, `${VOLUME}/data`],
];

for (const [name, changes, pgdata] of PLACES) {
  test(`data directory: ${name}`, () => assert.equal(bitnami.pgdata(containerOf(IMAGE, changes)), pgdata));
}

const PORTS: readonly (readonly [name: string, container: Partial<Container>, port: number])[] = [
  ['nothing said', {}, 5432],
  ['POSTGRESQL_PORT_NUMBER', { env: env({ POSTGRESQL_PORT_NUMBER: '5433' }) }, 5433],
  ['POSTGRES_PORT_NUMBER', { env: env({ POSTGRES_PORT_NUMBER: '5433' }) }, 5433],
  ['the first name wins', { env: env({ POSTGRES_PORT_NUMBER: '1', POSTGRESQL_PORT_NUMBER: '5433' }) }, 5433],
  ['a number from elsewhere', { env: env({ POSTGRESQL_PORT_NUMBER: undefined }) }, 5432],
  ['an argument', { args: [RUN, '-p', '5433'], env: env({ POSTGRESQL_PORT_NUMBER: '5434' }) }, 5433],
  ['a flag', { env: env({ POSTGRESQL_EXTRA_FLAGS: '-c port=5433' }) }, 5433],
  ['an argument after a flag', { args: [RUN, '-p', '5434'], env: env({ POSTGRESQL_EXTRA_FLAGS: '-p 5433' }) }, 5434],
  ['PGPORT, which this image does not read', { env: env({ PGPORT: '5433' }) }, 5432],
];

for (const [name, changes, port] of PORTS) {
  test(`port: ${name} is ${port}`, () => assert.equal(bitnami.port(containerOf(IMAGE, changes)), port));
}

test("settings are arguments of the image's own script", () => {
  assert.deepEqual(bitnami.channel(containerOf(IMAGE)), { kind: 'arguments', imageArguments: [RUN] });
});

/** How it is started, whether that starts a server, and whether arguments at the end reach it. */
const STARTS: readonly (readonly [name: string, container: Partial<Container>, starts: boolean, reached: boolean])[] = [
  ['nothing said', {}, true, true],
  ['empty lists', { command: [], args: [] }, true, true],
  ['its script', { args: [RUN] }, true, true],
  ['its script and options', { args: [RUN, '-c', 'work_mem=8MB'] }, true, true],
  ['both scripts', { command: [ENTRYPOINT, RUN] }, true, true],
  ['both scripts in two lists', { command: [ENTRYPOINT], args: [RUN] }, true, true],
  ['its entrypoint without the script', { command: [ENTRYPOINT] }, false, false],
  ['options without the script, which the image cannot run', { args: ['-c', 'work_mem=8MB'] }, false, false],
  ['a shell that starts postgres', { command: ['bash', '-c', 'exec postgres -D /data'] }, true, false],
  ['diagnostic mode', { command: ['sleep'], args: ['infinity'] }, false, false],
  ['psql', { command: ['psql', '-U', 'postgres'] }, false, false],
  ['a loop of psql', { command: ['sh', '-c', 'while true; do psql -U postgres; sleep 5; done'] }, false, false],
];

for (const [name, changes, starts, reached] of STARTS) {
  test(`started with ${name}: ${starts ? 'a server' : 'none'}, arguments ${reached ? 'reach it' : 'do not'}`, () => {
    const container = containerOf(IMAGE, changes);
    assert.equal(bitnami.startsServer(container), starts);
    const codes = bitnami.findUnreachable(container, 'at', false).map(({ code }) => code);
    assert.deepEqual(codes, reached ? [] : ['command-unreachable']);
  });
}

test('options are found among the flags, and after them in the arguments', () => {
  const container = containerOf(IMAGE, {
    args: [RUN, '-c', 'archive_command=cp %p /a'],
    env: env({ POSTGRESQL_EXTRA_FLAGS: '-c archive_mode=on --wal-level=logical' }),
  });
  assert.deepEqual(
    bitnami.listOptions(container, 'at').map(({ name, value, field }) => [name, value, field]),
    [
      ['archive_mode', 'on', 'at.env[POSTGRESQL_EXTRA_FLAGS]'],
      ['wal_level', 'logical', 'at.env[POSTGRESQL_EXTRA_FLAGS]'],
      ['archive_command', 'cp %p /a', 'at.args[2]'],
    ],
  );
});

test('options in the command are found as well', () => {
  const container = containerOf(IMAGE, { command: [ENTRYPOINT, RUN, '-c', 'archive_mode=on', '-p', '5433'] });
  assert.deepEqual(
    bitnami.listOptions(container, 'at').map(({ name, field }) => [name, field]),
    [
      ['archive_mode', 'at.command[3]'],
      ['port', 'at.command[4]'],
    ],
  );
});

const OBSTACLES: readonly (readonly [name: string, container: Container, codes: readonly string[]])[] = [
  ['nothing set', containerOf(IMAGE), []],
  ['repmgr', containerOf('bitnami/postgresql-repmgr:15'), ['repmgr-managed']],
  ['a standby', containerOf(IMAGE, { env: env({ POSTGRESQL_REPLICATION_MODE: 'slave' }) }), ['standby-only']],
  [
    'a standby by the other name',
    containerOf(IMAGE, { env: env({ POSTGRES_REPLICATION_MODE: 'slave' }) }),
    ['standby-only'],
  ],
  ['a primary', containerOf(IMAGE, { env: env({ POSTGRES_REPLICATION_MODE: 'master' }) }), []],
  [
    'a primary by the name that wins',
    containerOf(IMAGE, { env: env({ POSTGRESQL_REPLICATION_MODE: 'master', POSTGRES_REPLICATION_MODE: 'slave' }) }),
    [],
  ],
  [
    'a user and no superuser password',
    containerOf(IMAGE, { env: env({ POSTGRES_USER: 'app' }) }),
    ['superuser-locked'],
  ],
  ['a user by another name', containerOf(IMAGE, { env: env({ POSTGRESQL_USERNAME: 'app' }) }), ['superuser-locked']],
  [
    'a user with a password of its own only',
    containerOf(IMAGE, { env: env({ POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p' }) }),
    ['superuser-locked'],
  ],
  [
    "a user and the superuser's password from a Secret",
    containerOf(IMAGE, { env: env({ POSTGRES_USER: 'app', POSTGRES_POSTGRES_PASSWORD: undefined }) }),
    [],
  ],
  [
    "a user and the superuser's password in a file",
    containerOf(IMAGE, { env: env({ POSTGRES_USER: 'app', POSTGRESQL_POSTGRES_PASSWORD_FILE: '/run/p' }) }),
    [],
  ],
  [
    "a user, and whole sources that may hold the superuser's password",
    containerOf(IMAGE, { env: env({ POSTGRES_USER: 'app' }), envFrom: SOURCE }),
    [],
  ],
  ['the user postgres', containerOf(IMAGE, { env: env({ POSTGRES_USER: 'postgres' }) }), []],
  ['a user from a ConfigMap', containerOf(IMAGE, { env: env({ POSTGRES_USER: undefined }) }), []],
  [
    'several at once',
    containerOf('bitnami/postgresql-repmgr:15', {
      env: env({ POSTGRES_REPLICATION_MODE: 'slave', POSTGRES_USER: 'app' }),
    }),
    ['repmgr-managed', 'standby-only', 'superuser-locked'],
  ],
];

for (const [name, container, codes] of OBSTACLES) {
  test(`obstacles: ${name}`, () => {
    const found = bitnami.findObstacles(container, 'at');
    assert.deepEqual(
      found.map(({ code }) => code),
      codes,
    );
    assert.ok(found.every(({ field }) => field.startsWith('at.')));
  });
}

const LOGINS: readonly (readonly [name: string, values: Values, login: Login])[] = [
  ['nothing set', {}, { user: 'postgres' }],
  ['a password', { POSTGRES_PASSWORD: 'p' }, { user: 'postgres', password: 'p' }],
  ['the first name wins', { POSTGRES_PASSWORD: 'p', POSTGRESQL_PASSWORD: 'q' }, { user: 'postgres', password: 'q' }],
  ['a file', { POSTGRES_PASSWORD_FILE: '/run/p' }, { user: 'postgres', passwordFile: '/run/p' }],
  [
    'a file wins over the value of its name',
    { POSTGRES_PASSWORD: 'p', POSTGRES_PASSWORD_FILE: '/run/p' },
    { user: 'postgres', passwordFile: '/run/p' },
  ],
  [
    'a value of the first name wins over a file of the second',
    { POSTGRESQL_PASSWORD: 'p', POSTGRES_PASSWORD_FILE: '/run/p' },
    { user: 'postgres', password: 'p' },
  ],
  [
    "a user's own password is not the superuser's",
    { POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p' },
    { user: 'postgres' },
  ],
  [
    'with a user the superuser has its own password',
    { POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p', POSTGRES_POSTGRES_PASSWORD: 'q' },
    { user: 'postgres', password: 'q' },
  ],
  [
    'with a user the superuser has its own file',
    { POSTGRESQL_USERNAME: 'app', POSTGRES_PASSWORD_FILE: '/run/p', POSTGRES_POSTGRES_PASSWORD_FILE: '/run/q' },
    { user: 'postgres', passwordFile: '/run/q' },
  ],
  [
    "the superuser's own password is passed over where the user is postgres",
    { POSTGRES_USER: 'postgres', POSTGRES_PASSWORD: 'p', POSTGRES_POSTGRES_PASSWORD: 'q' },
    { user: 'postgres', password: 'p' },
  ],
  [
    'of the names for the user the first wins',
    { POSTGRESQL_USERNAME: 'postgres', POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p', POSTGRES_POSTGRES_PASSWORD: 'q' },
    { user: 'postgres', password: 'p' },
  ],
  [
    'empty is unset',
    { POSTGRES_USER: '', POSTGRESQL_PASSWORD: '', POSTGRES_PASSWORD: 'p' },
    { user: 'postgres', password: 'p' },
  ],
];

for (const [name, values, login] of LOGINS) {
  test(`login: ${name}`, () => assert.deepEqual(bitnami.login(values), login));
}
