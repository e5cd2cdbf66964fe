import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { detect } from '../../src/flavour/detect.ts';
import { buildWorkload } from '../support/workloads.ts';
import { codesOf, containerOf, DATA, detectAmong, env, mountAt, serverOf } from './build.ts';

const SERVER = containerOf('postgres:15', { ...mountAt(DATA) });
const OWN_IMAGE = 'registry.example/team/our-own-db:15';
const named = (name: string, container: Container): Container => ({ ...container, name });
const EXPORTER = containerOf('prometheuscommunity/postgres-exporter:v0.15.0');
const CLIENT = containerOf('postgres:15', { command: ['sh', '-c', 'while true; do psql -U postgres; sleep 5; done'] });
const MEMBER = containerOf('timescaledb-ha:pg16', { env: env({ PATRONI_SCOPE: 'a', PGDATA: DATA }), ...mountAt(DATA) });

/** Which of several containers is taken; of refusals, the codes. */
const SEVERAL: readonly (readonly [name: string, others: readonly Container[], taken: string | readonly string[]])[] = [
  ['an exporter before it', [named('exporter', EXPORTER), named('main', SERVER)], 'main'],
  ['a client of the same image', [named('client', CLIENT), named('main', SERVER)], 'main'],
  [
    'a client of the same image that mounts the data',
    [named('client', { ...CLIENT, ...mountAt(DATA) }), named('main', SERVER)],
    'main',
  ],
  [
    'a sidecar of the same image that sleeps on the data',
    [named('shell', { ...SERVER, command: ['sleep', 'infinity'] }), named('main', SERVER)],
    'main',
  ],
  [
    'a sidecar that mounts the data',
    [named('logs', containerOf('busybox', mountAt(DATA))), named('main', SERVER)],
    'main',
  ],
  [
    'WAL-G that mounts the data',
    [named('wal-g', containerOf('team/wal-g:3', mountAt(DATA))), named('main', SERVER)],
    'main',
  ],
  [
    'a sidecar with PGDATA',
    [named('watch', containerOf('alpine', { env: env({ PGDATA: DATA }) })), named('main', SERVER)],
    'main',
  ],
  [
    'a server by a script, and a sidecar on the data',
    [
      named('logs', containerOf('busybox', mountAt(DATA))),
      named('main', { ...SERVER, command: ['sh', '-c', 'exec postgres'] }),
    ],
    'main',
  ],
  ['a member of Patroni and a plain sidecar of the image', [named('shell', SERVER), named('main', MEMBER)], 'main'],
  [
    'an app with an OAuth scope',
    [named('app', containerOf('team/app:1', { env: env({ SCOPE: 'openid' }) })), named('main', SERVER)],
    'main',
  ],
  [
    'an app that uses etcd',
    [named('app', containerOf('team/app:1', { env: env({ ETCD_HOSTS: 'etcd:2379' }) })), named('main', SERVER)],
    'main',
  ],
  ['two servers', [named('one', SERVER), named('two', SERVER)], ['two-candidates']],
  [
    'two servers of different families',
    [named('one', SERVER), named('two', containerOf('bitnami/postgresql:16'))],
    ['two-candidates'],
  ],
  [
    'two images of its own on the data',
    [named('one', containerOf(OWN_IMAGE, mountAt(DATA))), named('two', containerOf('busybox', mountAt(DATA)))],
    ['two-candidates'],
  ],
  ['an exporter alone', [named('exporter', EXPORTER)], ['not-postgres']],
  ['a client alone', [named('client', CLIENT)], ['not-postgres']],
  ['no containers', [], ['not-postgres']],
];

for (const [name, containers, taken] of SEVERAL) {
  test(`several containers: ${name}`, () => {
    const detection = detectAmong(containers);
    if (typeof taken === 'string') assert.equal(serverOf(detection).container.name, taken);
    else assert.deepEqual(codesOf(detection), taken);
  });
}

test('two servers are both named, with the annotation that decides', () => {
  const detection = detectAmong([named('one', SERVER), named('two', SERVER)]);
  if (detection.kind !== 'refused') assert.fail(detection.kind);
  assert.match(detection.refusals[0]?.seen ?? '', /"one" and "two"/);
  assert.ok(detection.refusals[0]?.remedy.includes(ANNOTATION.container));
});

test('init containers are no servers', () => {
  const workload = buildWorkload({ container: { ...containerOf('team/app:1'), ...mountAt('/app'), env: [] } });
  workload.spec.template.spec.initContainers = [named('prepare', SERVER)];
  assert.equal(detect(workload).kind, 'not-postgres');
});

const container = (name: string) => ({ [ANNOTATION.container]: name });
const flavour = (id: string) => ({ [ANNOTATION.flavour]: id });
const OWN = containerOf(OWN_IMAGE, mountAt(DATA));
const HIDDEN = containerOf(OWN_IMAGE, { ...mountAt('/data') });

/** What the annotations change: the container taken and its flavour, or the codes of refusals. */
const ANNOTATED: readonly (readonly [
  name: string,
  containers: readonly Container[],
  annotations: Record<string, string>,
  outcome: string | readonly string[],
])[] = [
  [
    'the container of two servers',
    [named('one', SERVER), named('two', SERVER)],
    container('two'),
    'two docker-library',
  ],
  ['a container that is not there', [named('main', SERVER)], container('postgers'), ['container-unknown']],
  ['an empty name', [named('main', SERVER)], container(''), ['container-unknown']],
  [
    'a container that no flavour knows',
    [named('main', SERVER), named('own', OWN)],
    container('own'),
    ['flavour-unstated'],
  ],
  [
    'an exporter named',
    [named('main', SERVER), named('exporter', EXPORTER)],
    container('exporter'),
    ['flavour-unstated'],
  ],
  ['the flavour of an image of its own', [named('own', OWN)], flavour('docker-library'), 'own docker-library'],
  [
    'the flavour of an image beside an exporter',
    [named('exporter', EXPORTER), named('own', OWN)],
    flavour('docker-library'),
    'own docker-library',
  ],
  ['a flavour that is not there', [named('main', SERVER)], flavour('docker'), ['flavour-unknown']],
  ['a flavour in capitals', [named('main', SERVER)], flavour('Patroni'), ['flavour-unknown']],
  [
    'both slips, said at once',
    [named('main', SERVER)],
    { ...container('a'), ...flavour('b') },
    ['container-unknown', 'flavour-unknown'],
  ],
  ['a slip on what is no Postgres', [named('main', containerOf('redis:7'))], flavour('postgres'), ['flavour-unknown']],
  ['the flavour that it has anyway', [named('main', SERVER)], flavour('docker-library'), 'main docker-library'],
  [
    'the flavour of the only container, by nothing else a server',
    [named('own', HIDDEN)],
    flavour('docker-library'),
    ['data-mount-missing'],
  ],
  [
    'both, of an image of its own among others',
    [named('app', containerOf('team/app:1')), named('own', { ...HIDDEN, env: env({ PGDATA: '/data/pg' }) })],
    { ...container('own'), ...flavour('docker-library') },
    'own docker-library',
  ],
  [
    'both, of the second server',
    [named('one', SERVER), named('two', OWN)],
    { ...container('two'), ...flavour('docker-library') },
    'two docker-library',
  ],
  [
    'the flavour, where several containers could be meant',
    [named('one', containerOf('team/app:1')), named('two', containerOf('team/db:1', mountAt('/data')))],
    flavour('docker-library'),
    ['container-unstated'],
  ],
];

for (const [name, containers, annotations, outcome] of ANNOTATED) {
  test(`annotations: ${name}`, () => {
    const detection = detectAmong(containers, annotations);
    if (typeof outcome !== 'string') return assert.deepEqual(codesOf(detection), outcome);
    const server = serverOf(detection);
    assert.equal(`${server.container.name} ${server.flavour.id}`, outcome);
    assert.equal(server.isStated, ANNOTATION.flavour in annotations);
    assert.equal(
      server.path,
      `spec.template.spec.containers[${containers.findIndex((each) => each.name === server.container.name)}]`,
    );
  });
}
