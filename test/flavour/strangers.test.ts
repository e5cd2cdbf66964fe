import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import { FLAVOURS } from '../../src/flavour/index.ts';
import { findStranger } from '../../src/flavour/strangers.ts';
import { codesOf, containerOf, DATA, detectAmong, mountAt, serverOf } from './build.ts';

const STRANGERS: readonly string[] = [
  'sorintlab/stolon:master-pg15',
  'registry.example:5000/mirror/sorintlab/stolon@sha256:0123',
  'postdock/postgres:1.0',
  'kartoza/postgis:16-3.4',
  'sourcegraph/postgres-12-alpine:5.0',
  'sameersbn/postgresql:15',
  'quay.io/sclorg/postgresql-15-c9s:latest',
  'centos/postgresql-96-centos7',
  'quay.io/centos7/postgresql-12-centos7:latest',
  'quay.io/fedora/postgresql-15',
  'registry.redhat.io/rhel9/postgresql-15:1',
  'registry.redhat.io/rhscl/postgresql-12-rhel7',
  'crunchydata/crunchy-postgres:ubi8-15',
  'registry.developers.crunchydata.com/crunchydata/crunchy-postgres-gis:ubi8-15',
  'ghcr.io/cloudnative-pg/postgresql:16',
  'ghcr.io/cloudnative-pg/postgis:16',
  'chainguard/postgres:latest',
  'cgr.dev/chainguard/postgres:latest',
  'cgr.dev/example.com/postgres:16',
  'postgrespro/postgrespro-std-15',
];

for (const image of STRANGERS) {
  test(`${image} is known, and no flavour covers it`, () =>
    assert.match(findStranger({ name: 'a', image })?.why ?? '', /./));

  test(`${image} with data is refused, with what to do`, () => {
    const keeper = image.includes('stolon') ? { command: ['stolon-keeper'] } : {};
    const detection = detectAmong([containerOf(image, { ...mountAt(DATA), ...keeper })]);
    assert.deepEqual(codesOf(detection), ['image-unsupported']);
  });
}

const COVERED: readonly string[] = [
  'postgres:15',
  'bitnami/postgresql:16',
  'postgis/postgis:16-3.4',
  'supabase/postgres:15',
  'ghcr.io/zalando/spilo-17:4.0-p2',
  'timescale/timescaledb-ha:pg16',
  'ghcr.io/immich-app/postgres:14',
];

for (const image of COVERED) {
  test(`${image} is covered by a flavour, and no stranger`, () => {
    assert.equal(findStranger({ name: 'a', image }), undefined);
    assert.ok(FLAVOURS.some((each) => each.matches({ name: 'a', image })));
  });
}

test('what is no Postgres is no stranger either', () => {
  for (const image of ['redis:7', 'nginx', '', 'stolon-exporter', 'mykartoza/app']) {
    assert.equal(findStranger({ name: 'a', image }), undefined);
  }
  assert.equal(findStranger({ name: 'a' }), undefined);
});

const KARTOZA = containerOf('kartoza/postgis:16-3.4', {
  env: [{ name: 'PGDATA', value: DATA }],
  ...mountAt(DATA),
});
const STATED = { [ANNOTATION.flavour]: 'docker-library', [ANNOTATION.runAsUser]: '101' };

test('a stranger whose settings the user passes is archived as the user says it is started', () => {
  const detection = detectAmong([KARTOZA], { ...STATED, [ANNOTATION.archiveSettings]: 'external' });
  assert.deepEqual(serverOf(detection).identity, { uid: 101, gid: 999 });
});

test('a stranger gets no arguments of walguard, even where the user states a flavour', () => {
  const detection = detectAmong([KARTOZA], STATED);
  assert.deepEqual(codesOf(detection), ['image-unsupported']);
});
