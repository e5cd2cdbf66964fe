import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { type Detection, detect, type PostgresServer } from '../../src/flavour/detect.ts';
import { FLAVOURS } from '../../src/flavour/index.ts';
import { buildWorkload } from '../support/workloads.ts';

const DATA = '/var/lib/postgresql/data';

function detectWith(container: Partial<Container>, change?: (workload: StatefulSet) => void): Detection {
  const workload = buildWorkload({ container });
  change?.(workload);
  return detect(workload);
}

function serverOf(detection: Detection): PostgresServer {
  if (detection.kind !== 'server') assert.fail(JSON.stringify(detection));
  return detection.server;
}

function annotated(annotations: Record<string, string>) {
  return ({ metadata }: StatefulSet) => {
    metadata.annotations = annotations;
  };
}

test('flavours have ids that differ, and are found by their id', () => {
  const ids = FLAVOURS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

const SERVER = 'server';
const NOT = 'not-postgres';

/** An image that has a data mount, and no command of its own. */
const IMAGES: readonly (readonly [image: string, kind: string, uid?: number])[] = [
  ['postgres:15', SERVER, 999],
  ['postgres:15-alpine', SERVER, 70],
  ['postgres:16.4-alpine3.20', SERVER, 70],
  ['docker.io/library/postgres:17', SERVER, 999],
  ['registry.example:5000/postgres:15', SERVER, 999],
  ['registry.example:5000/mirror/library/postgres', SERVER, 999],
  ['postgres@sha256:0123', SERVER, 999],
  ['registry.example:5000/postgres:15-alpine@sha256:0123', SERVER, 70],
  ['postgis/postgis:16-3.4', SERVER, 999],
  ['postgis/postgis:16-3.4-alpine', SERVER, 70],
  ['pgvector/pgvector:pg17', SERVER, 999],
  ['timescale/timescaledb:2.17.2-pg16', SERVER, 70],
  ['prometheuscommunity/postgres-exporter:v0.15.0', NOT],
  ['quay.io/prometheuscommunity/postgres_exporter', NOT],
  ['edoburu/pgbouncer:1.23', NOT],
  ['postgrest/postgrest:v12', NOT],
  ['dpage/pgadmin4', NOT],
  ['ghcr.io/zalando/postgres-operator:v1', NOT],
  ['redis:7', NOT],
  ['postgres-but-not-quite:15', NOT],
  ['', NOT],
];

for (const [image, kind, uid] of IMAGES) {
  test(`image "${image}" is ${kind}${uid === undefined ? '' : `, uid ${uid}`}`, () => {
    const detection = detectWith({ image });
    assert.equal(detection.kind, kind);
    if (uid !== undefined) assert.deepEqual(serverOf(detection).identity, { uid, gid: uid });
  });
}

/** The same image, started in different ways; with and without a mount for data. */
const COMMANDS: readonly (readonly [name: string, container: Partial<Container>, kind: string])[] = [
  ['nothing said', {}, SERVER],
  ['an empty command', { command: [] }, SERVER],
  ['options', { args: ['-c', 'work_mem=8MB'] }, SERVER],
  ['postgres and options', { args: ['postgres', '-c', 'work_mem=8MB'] }, SERVER],
  ['the entrypoint', { command: ['docker-entrypoint.sh'], args: ['postgres'] }, SERVER],
  ['the entrypoint by its path', { command: ['/usr/local/bin/docker-entrypoint.sh', 'postgres'] }, SERVER],
  ['postgres itself', { command: ['postgres'] }, SERVER],
  ['psql, without data', { command: ['psql'], volumeMounts: [] }, NOT],
  ['pg_dump as an argument, without data', { args: ['pg_dump', '-h', 'orders'], volumeMounts: [] }, NOT],
  ['a shell, without data', { command: ['sh', '-c', 'pg_dump | gzip'], volumeMounts: [] }, NOT],
  ['a shell, with other volumes', { command: ['sh'], volumeMounts: [{ name: 'dumps', mountPath: '/dumps' }] }, NOT],
];

for (const [name, container, kind] of COMMANDS) {
  test(`postgres:15 started with ${name} is ${kind}`, () => assert.equal(detectWith(container).kind, kind));
}

test('a shell that starts Postgres on its data is a server: refused on injection, not overlooked', () => {
  assert.equal(detectWith({ command: ['sh', '-c', 'exec postgres'] }).kind, SERVER);
});

/** Where the data directory is. */
const PGDATA: readonly (readonly [name: string, container: Partial<Container>, pgdata: string])[] = [
  ['PGDATA says it', {}, `${DATA}/pgdata`],
  ['PGDATA with a slash at its end', { env: [{ name: 'PGDATA', value: `${DATA}/pg/` }] }, `${DATA}/pg`],
  ['the old layout', { env: [] }, DATA],
  ['no tag, but the old place is mounted', { env: [], image: 'postgres' }, DATA],
  ['9.6', { env: [], image: 'postgres:9.6-alpine' }, DATA],
  ["an extension's version first", { env: [], image: 'pgvector/pgvector:0.8.0-pg17' }, DATA],
];

for (const [name, container, pgdata] of PGDATA) {
  test(`data directory: ${name}`, () => assert.equal(serverOf(detectWith(container)).pgdata, pgdata));
}

const AT_PARENT = [{ name: 'data', mountPath: '/var/lib/postgresql' }];
const NEW_LAYOUT: readonly (readonly [image: string, pgdata: string])[] = [
  ['postgres:18', '/var/lib/postgresql/18/docker'],
  ['postgres:18.1-alpine', '/var/lib/postgresql/18/docker'],
  ['postgis/postgis:18-3.6', '/var/lib/postgresql/18/docker'],
  ['pgvector/pgvector:0.8.1-pg18', '/var/lib/postgresql/18/docker'],
  ['timescale/timescaledb:2.23.0-pg18', '/var/lib/postgresql/18/docker'],
  ['postgres:17', DATA],
];

for (const [image, pgdata] of NEW_LAYOUT) {
  test(`data directory of ${image} below /var/lib/postgresql is ${pgdata}`, () => {
    assert.equal(serverOf(detectWith({ image, env: [], volumeMounts: AT_PARENT })).pgdata, pgdata);
  });
}

test('PG_MAJOR in the environment tells the layout where the tag does not', () => {
  const container = {
    image: 'mirror/postgres:stable',
    env: [{ name: 'PG_MAJOR', value: '18' }],
    volumeMounts: AT_PARENT,
  };
  assert.equal(serverOf(detectWith(container)).pgdata, '/var/lib/postgresql/18/docker');
});

test('the mount nearest to the data directory is the one that holds it', () => {
  const volumeMounts = [
    { name: 'home', mountPath: '/var/lib/postgresql' },
    { name: 'data', mountPath: `${DATA}/` },
    { name: 'wal', mountPath: `${DATA}/pgdata/pg_wal` },
  ];
  assert.equal(serverOf(detectWith({ volumeMounts })).dataMount.name, 'data');
});

test('a claim template wins over a pod volume of the same name, as in Kubernetes', () => {
  const detection = detectWith({}, ({ spec }) => {
    spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }];
  });
  assert.deepEqual(serverOf(detection).dataVolume, { kind: 'claim-template', template: 'data' });
});

test('without a template the claim of the pod volume holds the data', () => {
  const detection = detectWith({}, ({ spec }) => {
    delete spec.volumeClaimTemplates;
    spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'files' } }];
  });
  assert.deepEqual(serverOf(detection).dataVolume, { kind: 'claim', claimName: 'files' });
});

interface IdentityRow {
  readonly name: string;
  readonly pod?: Record<string, number>;
  readonly container?: Record<string, number>;
  readonly annotation?: string;
  readonly identity: readonly [uid: number, gid: number];
}

const IDENTITIES: readonly IdentityRow[] = [
  { name: 'the image alone', identity: [999, 999] },
  { name: 'the pod says', pod: { runAsUser: 1001, runAsGroup: 1002 }, identity: [1001, 1002] },
  { name: 'the container wins over the pod', pod: { runAsUser: 1 }, container: { runAsUser: 2 }, identity: [2, 999] },
  { name: 'root steps down by itself', pod: { runAsUser: 0, runAsGroup: 0 }, identity: [999, 999] },
  {
    name: 'the container as root in a pod with a uid',
    pod: { runAsUser: 5 },
    container: { runAsUser: 0 },
    identity: [999, 999],
  },
  { name: 'the annotation wins over all', pod: { runAsUser: 5 }, annotation: '26', identity: [26, 999] },
  { name: 'an annotation that is no uid', annotation: 'postgres', identity: [999, 999] },
  { name: 'an annotation of root', annotation: '0', identity: [999, 999] },
];

for (const { name, pod, container, annotation, identity } of IDENTITIES) {
  test(`uid and gid: ${name}`, () => {
    const detection = detectWith(container ? { securityContext: container } : {}, (workload) => {
      if (pod) workload.spec.template.spec.securityContext = pod;
      if (annotation) workload.metadata.annotations = { [ANNOTATION.runAsUser]: annotation };
    });
    const { uid, gid } = serverOf(detection).identity;
    assert.deepEqual([uid, gid], identity);
  });
}

const SECOND = { name: 'second', image: 'postgres:15' };

test('of two servers the annotation names the one to protect', () => {
  const detection = detectWith({}, (workload) => {
    workload.spec.template.spec.containers.unshift({ ...SECOND });
    workload.metadata.annotations = { [ANNOTATION.container]: 'postgres' };
  });
  const server = serverOf(detection);
  assert.equal(server.container.name, 'postgres');
  assert.equal(server.path, 'spec.template.spec.containers[1]');
});

test('two servers without an annotation are refused, naming both', () => {
  const detection = detectWith({}, ({ spec }) => void spec.template.spec.containers.push({ ...SECOND }));
  if (detection.kind !== 'refused') assert.fail(detection.kind);
  assert.match(detection.refusals[0]?.seen ?? '', /"postgres" and "second"/);
});

test('an exporter beside the server does not make two of it', () => {
  const detection = detectWith({}, ({ spec }) => {
    spec.template.spec.containers.unshift({ name: 'exporter', image: 'prometheuscommunity/postgres-exporter:v0.15.0' });
  });
  assert.equal(serverOf(detection).container.name, 'postgres');
});

test('the flavour annotation protects an image whose name does not tell', () => {
  const image = 'registry.example/team/our-own-db:15';
  assert.equal(detectWith({ image }).kind, NOT);
  const detection = detectWith({ image }, annotated({ [ANNOTATION.flavour]: 'docker-library' }));
  assert.equal(serverOf(detection).flavour.id, 'docker-library');
});

function owned(controller: boolean, image = 'postgres:15'): Detection {
  return detectWith({ image }, ({ metadata }) => {
    metadata.ownerReferences = [{ apiVersion: 'a/v1', kind: 'postgresql', name: 'orders', uid: '1', controller }];
  });
}

test('what an operator owns is left to it, and only what it really controls', () => {
  assert.deepEqual(owned(true), { kind: 'operator-owned', owner: 'postgresql/orders' });
  assert.equal(owned(false).kind, SERVER);
  assert.equal(owned(true, 'redis:7').kind, NOT);
});

test('a StatefulSet without containers is not Postgres', () => {
  const detection = detectWith({}, ({ spec }) => {
    spec.template.spec = {} as never;
  });
  assert.equal(detection.kind, NOT);
});
