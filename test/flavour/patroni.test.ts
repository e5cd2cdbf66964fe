import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import type { Login } from '../../src/flavour/flavour.ts';
import { patroni } from '../../src/flavour/patroni.ts';
import { containerOf, detectAmong, env, mountAt, serverOf, type Values } from './build.ts';

const SPILO = 'ghcr.io/zalando/spilo-17:4.0-p2';
const HA = 'timescale/timescaledb-ha:pg16';
const HOME = '/home/postgres/pgdata';

/** What shows that Patroni runs Postgres in there. */
const EVIDENCE: readonly (readonly [name: string, container: Container, isOurs: boolean])[] = [
  ['Spilo', containerOf(SPILO), true],
  ['Spilo by its old name', containerOf('registry.opensource.zalan.do/acid/spilo-cdp-12:1.6-p4'), true],
  ['an image that is called so', containerOf('patroni'), true],
  ['an image of a user', containerOf('registry.example/team/postgres-patroni:15'), true],
  ['Patroni as the command', containerOf('postgres:15', { command: ['patroni', '/etc/patroni.yaml'] }), true],
  ['Patroni by its path', containerOf('postgres:15', { command: ['/usr/local/bin/patroni', '/a.yaml'] }), true],
  [
    'a script',
    containerOf(HA, { command: ['/bin/bash', '-c', 'umask 077\nexec patroni /etc/timescaledb/patroni.yaml'] }),
    true,
  ],
  ["a Postgres with Patroni's variables", containerOf('postgres:15', { env: env({ PATRONI_SCOPE: 'orders' }) }), true],
  [
    "data with Patroni's variables",
    containerOf('team/db:1', { env: env({ PATRONI_SCOPE: 'a' }), ...mountAt(HOME) }),
    true,
  ],
  [
    "data with Spilo's variables",
    containerOf('team/db:1', { env: env({ PGROOT: `${HOME}/pgroot`, SCOPE: 'a' }), ...mountAt(HOME) }),
    true,
  ],
  ['the official image', containerOf('postgres:15'), false],
  ['the image that could run Patroni, and does not', containerOf(HA), false],
  ['an exporter', containerOf('gopaytech/patroni_exporter:latest', { env: env({ PATRONI_HOST: 'a' }) }), false],
  ['an operator', containerOf('zalando/patroni-operator:1'), false],
  ['a pooler told of Patroni', containerOf('edoburu/pgbouncer:1', { env: env({ PATRONI_SCOPE: 'a' }) }), false],
  ['an app with an OAuth scope', containerOf('team/app:1', { env: env({ SCOPE: 'openid' }) }), false],
  ['an app that uses etcd', containerOf('apache/apisix:3', { env: env({ ETCD_HOSTS: 'http://etcd:2379' }) }), false],
  ['an app whose database is called so', containerOf('team/app:1', { args: ['--db-host=orders-patroni'] }), false],
  [
    'a watcher of its API',
    containerOf('curlimages/curl', { command: ['sh', '-c', 'curl http://patroni:8008'] }),
    false,
  ],
  ['a load balancer told of Patroni', containerOf('haproxy:3', { env: env({ PATRONI_SCOPE: 'orders' }) }), false],
  ['an app told of its API', containerOf('team/app:1', { env: env({ PATRONI_URL: 'http://orders:8008' }) }), false],
];

for (const [name, container, isOurs] of EVIDENCE) {
  test(`${name} ${isOurs ? 'is' : 'is not'} run by Patroni`, () => assert.equal(patroni.matches(container), isOurs));
}

const STARTS: readonly (readonly [name: string, container: Partial<Container>, starts: boolean])[] = [
  ['nothing said', {}, true],
  ['Patroni', { command: ['patroni', '/etc/patroni.yaml'] }, true],
  ['a script', { command: ['bash', '-c', 'exec patroni /etc/patroni.yaml'] }, true],
  ['patronictl', { command: ['patronictl', 'list'] }, false],
  ["the image's haproxy", { args: ['haproxy'] }, false],
  ['sleep', { command: ['sleep', 'infinity'] }, false],
];

for (const [name, changes, starts] of STARTS) {
  test(`started with ${name}: ${starts ? 'a server' : 'none'}`, () => {
    assert.equal(patroni.startsServer(containerOf(SPILO, changes)), starts);
  });
}

const PLACES: readonly (readonly [name: string, container: Container, pgdata: string | undefined])[] = [
  [
    "Patroni's variable",
    containerOf('patroni', { env: env({ PATRONI_POSTGRESQL_DATA_DIR: '/a', PGDATA: '/b' }) }),
    '/a',
  ],
  ['PGDATA', containerOf('patroni', { env: env({ PGDATA: '/b' }) }), '/b'],
  ["below Spilo's root", containerOf(SPILO, { env: env({ PGROOT: `${HOME}/pgroot` }) }), `${HOME}/pgroot/data`],
  ["Spilo's own place", containerOf(SPILO), `${HOME}/pgroot/data`],
  ['Spilo with a root from elsewhere is not known', containerOf(SPILO, { env: env({ PGROOT: undefined }) }), undefined],
  ["the timescaledb-ha image's own place", containerOf(HA, { command: ['patroni'] }), `${HOME}/data`],
  ['an image that does not say', containerOf('patroni'), undefined],
  [
    'a ConfigMap is not known',
    containerOf('patroni', { env: env({ PATRONI_POSTGRESQL_DATA_DIR: undefined }) }),
    undefined,
  ],
  [
    'an empty one is unset',
    containerOf('patroni', { env: env({ PATRONI_POSTGRESQL_DATA_DIR: '', PGDATA: '/b' }) }),
    '/b',
  ],
];

for (const [name, container, pgdata] of PLACES) {
  test(`data directory: ${name}`, () => assert.equal(patroni.pgdata(container), pgdata));
}

const PORTS: readonly (readonly [name: string, values: Values, port: number])[] = [
  ['nothing said', {}, 5432],
  ['an address and a port', { PATRONI_POSTGRESQL_LISTEN: '0.0.0.0:5433' }, 5433],
  ['every address', { PATRONI_POSTGRESQL_LISTEN: '*:5433' }, 5433],
  ['an address of version 6', { PATRONI_POSTGRESQL_LISTEN: '[::]:5433' }, 5433],
  ['several addresses', { PATRONI_POSTGRESQL_LISTEN: '10.0.0.1,127.0.0.1:5433' }, 5433],
  ['an address without a port', { PATRONI_POSTGRESQL_LISTEN: '0.0.0.0' }, 5432],
  [
    "the pod's address, which is not known, and a port",
    { POD_IP: undefined, PATRONI_POSTGRESQL_LISTEN: '$(POD_IP):5433' },
    5433,
  ],
  ['PGPORT', { PGPORT: '5433' }, 5433],
  ['PGPORT gives way', { PATRONI_POSTGRESQL_LISTEN: '0.0.0.0:5433', PGPORT: '5434' }, 5433],
];

for (const [name, values, port] of PORTS) {
  test(`port: ${name} is ${port}`, () =>
    assert.equal(patroni.port(containerOf('patroni', { env: env(values) })), port));
}

const IDENTITIES: readonly (readonly [image: string, uid: number, gid: number])[] = [
  [SPILO, 101, 103],
  ['registry.opensource.zalan.do/acid/spilo-cdp-12:1.6-p4', 101, 103],
  ['registry.example/team/our-spilo:15', 101, 103],
  [HA, 1000, 1000],
];

test('of an image that only says Patroni no uid is known; of one on another family it is that of the family', () => {
  assert.equal(patroni.identity(containerOf('patroni')), undefined);
  assert.deepEqual(patroni.identity(containerOf('postgres:16-alpine')), { uid: 70, gid: 70 });
});

for (const [image, uid, gid] of IDENTITIES) {
  test(`${image} runs as ${uid}:${gid}`, () => assert.deepEqual(patroni.identity(containerOf(image)), { uid, gid }));
}

test("Spilo takes settings by a variable, any other Patroni by its REST API, and neither as the container's options", () => {
  assert.deepEqual(patroni.channel(containerOf(SPILO)), { kind: 'variable', name: 'SPILO_CONFIGURATION' });
  assert.deepEqual(patroni.channel(containerOf('patroni')), { kind: 'rest' });
  assert.deepEqual(patroni.listOptions(containerOf('patroni', { args: ['-c', 'archive_mode=on'] }), 'at'), []);
});

/** Settings concern every member, so the user must say that walguard may set them. */
const CONSENT: readonly (readonly [name: string, container: Container, isStated: boolean, codes: readonly string[]])[] =
  [
    ['nobody said so', containerOf('patroni'), false, ['patroni-managed']],
    ['the user said so', containerOf('patroni'), true, []],
    ['Spilo, and nobody said so', containerOf(SPILO), false, ['patroni-managed']],
    ['Spilo, and the user said so', containerOf(SPILO), true, []],
    [
      'Spilo with a configuration',
      containerOf(SPILO, { env: env({ SPILO_CONFIGURATION: '{}' }) }),
      true,
      ['spilo-configured'],
    ],
    [
      'Spilo with one from elsewhere',
      containerOf(SPILO, { env: env({ SPILO_CONFIGURATION: undefined }) }),
      true,
      ['spilo-configured'],
    ],
    [
      'Spilo with a configuration, unsaid',
      containerOf(SPILO, { env: env({ SPILO_CONFIGURATION: '{}' }) }),
      false,
      ['patroni-managed'],
    ],
  ];

for (const [name, container, isStated, codes] of CONSENT) {
  test(`consent: ${name}`, () => {
    assert.deepEqual(
      patroni.findUnreachable(container, 'at', isStated).map(({ code }) => code),
      codes,
    );
  });
}

const MEMBER = containerOf(HA, {
  env: env({ PATRONI_SCOPE: 'orders', PGDATA: `${HOME}/data` }),
  ...mountAt(HOME),
});

test('the annotation flavour is the consent, and nothing but patroni is', () => {
  assert.equal(serverOf(detectAmong([MEMBER], { [ANNOTATION.flavour]: 'patroni' })).isStated, true);
  assert.equal(serverOf(detectAmong([MEMBER])).isStated, false);
  assert.equal(serverOf(detectAmong([MEMBER])).flavour.id, 'patroni');
});

const LOGINS: readonly (readonly [name: string, values: Values, login: Login])[] = [
  ['nothing set', {}, { user: 'postgres' }],
  ["Patroni's", { PATRONI_SUPERUSER_USERNAME: 'su', PATRONI_SUPERUSER_PASSWORD: 'p' }, { user: 'su', password: 'p' }],
  ["Spilo's", { PGUSER_SUPERUSER: 'su', PGPASSWORD_SUPERUSER: 'p' }, { user: 'su', password: 'p' }],
  [
    'Patroni before Spilo',
    { PATRONI_SUPERUSER_PASSWORD: 'p', PGPASSWORD_SUPERUSER: 'q' },
    { user: 'postgres', password: 'p' },
  ],
  [
    'others are no superuser',
    { PATRONI_REPLICATION_USERNAME: 'r', PGUSER_ADMIN: 'a', POSTGRES_USER: 'u' },
    { user: 'postgres' },
  ],
];

for (const [name, values, login] of LOGINS) {
  test(`login: ${name}`, () => assert.deepEqual(patroni.login(values), login));
}
