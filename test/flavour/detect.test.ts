import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, OwnerReference, StatefulSet } from '../../src/api/kubernetes.ts';
import { type Detection, detect } from '../../src/flavour/detect.ts';
import { buildWorkload } from '../support/workloads.ts';
import { codesOf, containerOf, DATA, detectAmong, detectWith, env, mountAt, SOURCE, serverOf } from './build.ts';

const SERVER = containerOf('postgres:15', { ...mountAt(DATA) });
const OWN_IMAGE = 'registry.example/team/our-own-db:15';

/** What becomes of the minimal workload with its container changed. */
const KINDS: readonly (readonly [
  name: string,
  container: Partial<Container>,
  kind: Detection['kind'],
  codes?: readonly string[],
])[] = [
  ['the official image', {}, 'server'],
  [
    'a script on the data, refused on injection and not overlooked',
    { command: ['sh', '-c', 'exec postgres'] },
    'server',
  ],
  ['sleep on the data', { command: ['sleep', 'infinity'] }, 'server'],
  ['Redis', { image: 'redis:7', ...mountAt('/data'), env: [] }, 'not-postgres', ['not-postgres']],
  ['no image', { image: '', ...mountAt('/data'), env: [] }, 'not-postgres', ['not-postgres']],
  ['an image of its own on data', { image: OWN_IMAGE }, 'refused', ['flavour-unstated']],
  ['a known image that no flavour covers', { image: 'kartoza/postgis:16-3.4' }, 'refused', ['image-unsupported']],
  ['an image whose uid differs', { image: 'supabase/postgres:15' }, 'refused', ['uid-unknown']],
  ['no mount', { volumeMounts: [] }, 'refused', ['data-mount-missing']],
  ['data elsewhere than mounted', { env: env({ PGDATA: '/data' }) }, 'refused', ['data-mount-missing']],
  ['PGDATA from a ConfigMap', { env: env({ PGDATA: undefined }) }, 'refused', ['pgdata-unknown']],
  [
    'PGDATA that refers to the pod',
    { env: env({ POD: undefined, PGDATA: `${DATA}/$(POD)` }) },
    'refused',
    ['pgdata-unknown'],
  ],
  ['an empty PGDATA', { env: env({ PGDATA: '' }) }, 'refused', ['pgdata-unknown']],
  ['PGDATA that is not absolute', { env: env({ PGDATA: 'pgdata' }) }, 'refused', ['pgdata-unknown']],
  ['PGDATA at the root', { env: env({ PGDATA: '/' }) }, 'refused', ['pgdata-unknown']],
  ['variables from a source', { env: [], envFrom: SOURCE }, 'server'],
  [
    'everything wrong, said at once',
    { image: 'bitnami/postgresql-repmgr:15', command: ['sleep'], env: env({ PGDATA: undefined }) },
    'refused',
    ['repmgr-managed', 'pgdata-unknown'],
  ],
];

for (const [name, container, kind, codes] of KINDS) {
  test(`${name}: ${kind}`, () => {
    const detection = detectWith(container);
    assert.equal(detection.kind, kind);
    if (codes) assert.deepEqual(codesOf(detection), codes);
  });
}

test('a refusal names the flavour where one is known', () => {
  const known = detectWith({ volumeMounts: [] });
  assert.equal(known.kind === 'refused' ? known.found?.flavour.id : known.kind, 'docker-library');
  const unknown = detectWith({ image: OWN_IMAGE });
  assert.equal(unknown.kind === 'refused' ? unknown.found : unknown.kind, undefined);
});

test('a server is described with all that injection needs', () => {
  const { container, ...rest } = serverOf(detectWith({ args: ['-p', '5433'], env: env({ PGDATA: `${DATA}/pg/` }) }));
  assert.equal(container.name, 'postgres');
  const { flavour, ...facts } = rest;
  assert.equal(flavour.id, 'docker-library');
  assert.deepEqual(facts, {
    isStated: false,
    path: 'spec.template.spec.containers[0]',
    pgdata: `${DATA}/pg`,
    port: 5433,
    identity: { uid: 999, gid: 999 },
    dataMount: { name: 'data', mountPath: DATA },
    dataVolume: { kind: 'claim-template', template: 'data' },
  });
});

/** Annotations that other tools leave; they neither make a Postgres nor hide one. */
const FOREIGN: Readonly<Record<string, string>> = {
  'backup.velero.io/backup-volumes': 'data',
  'pre.hook.backup.velero.io/command': '["/bin/bash", "-c", "psql -U postgres -c CHECKPOINT"]',
  'pre.hook.backup.velero.io/container': 'postgres',
  'postgres-operator.crunchydata.com/pgbackrest-backup': '2026-11-21',
  'k8up.io/backupcommand': 'pg_dumpall -U postgres',
  'example.com/container': 'main',
  'example.com/flavour': 'docker-library',
};

test("other tools' annotations change nothing", () => {
  assert.deepEqual(detectAmong([SERVER], FOREIGN), detectAmong([SERVER]));
  assert.equal(detectAmong([containerOf('redis:7')], FOREIGN).kind, 'not-postgres');
});

const WAL_G = {
  env: env({ WALG_S3_PREFIX: 's3://backups', WALG_STREAM_CREATE_COMMAND: 'mysqldump', PGHOST: 'orders' }),
};

for (const image of ['mariadb:11', 'mysql:8', 'mongo:7', 'redis:7', 'bitnami/mariadb:11', 'bitnami/redis:7']) {
  test(`${image} with the variables of WAL-G is not touched`, () => {
    assert.deepEqual(codesOf(detectAmong([containerOf(image, { ...WAL_G, ...mountAt('/data') })])), ['not-postgres']);
  });
}

function owned(references: readonly Partial<OwnerReference>[], image = 'postgres:15'): Detection {
  return detectWith(
    { image, ...(image === 'postgres:15' ? {} : { ...mountAt('/data'), env: [] }) },
    ({ metadata }: StatefulSet) => {
      metadata.ownerReferences = references.map((each) => ({
        apiVersion: 'acid.zalan.do/v1',
        kind: 'postgresql',
        name: 'orders',
        uid: '1',
        ...each,
      }));
    },
  );
}

const OWNERS: readonly (readonly [name: string, detection: Detection, kind: Detection['kind']])[] = [
  ['a controller', owned([{ controller: true }]), 'operator-owned'],
  ['one that controls nothing', owned([{ controller: false }]), 'server'],
  ['one that does not say', owned([{}]), 'server'],
  ['a controller among others', owned([{ controller: false }, { controller: true, name: 'other' }]), 'operator-owned'],
  ['none', owned([]), 'server'],
  ['a controller of what is no Postgres', owned([{ controller: true }], 'redis:7'), 'not-postgres'],
];

for (const [name, detection, kind] of OWNERS) {
  test(`owned by ${name}: ${kind}`, () => assert.equal(detection.kind, kind));
}

test("an operator's database is left to it, and it is named", () => {
  const detection = owned([{ controller: true }]);
  if (detection.kind !== 'operator-owned') assert.fail(detection.kind);
  assert.equal(detection.reason.code, 'operator-owned');
  assert.match(detection.reason.seen, /postgresql\/orders/);
});

test('an operator goes before what else is wrong', () => {
  const workload = buildWorkload();
  workload.spec.template.spec.containers = [SERVER, { ...SERVER, name: 'second' }];
  workload.metadata.ownerReferences = [{ apiVersion: 'a/v1', kind: 'Cluster', name: 'a', uid: '1', controller: true }];
  assert.equal(detect(workload).kind, 'operator-owned');
});

test('a StatefulSet without containers is not Postgres', () => {
  const detection = detectWith({}, ({ spec }) => {
    spec.template.spec = {} as never;
  });
  assert.equal(detection.kind, 'not-postgres');
});

test('looking at a workload does not change it', () => {
  const workload = buildWorkload();
  const before = structuredClone(workload);
  detect(workload);
  assert.deepEqual(workload, before);
});
