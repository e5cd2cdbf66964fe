import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Volume } from '../../src/api/kubernetes.ts';
import { findDataPlace } from '../../src/flavour/data-volume.ts';
import { buildWorkload } from '../support/workloads.ts';
import { DATA, env } from './build.ts';

const PGDATA = `${DATA}/pgdata`;
const CLAIM: Volume = { name: 'files', persistentVolumeClaim: { claimName: 'orders-files' } };

interface Row {
  readonly name: string;
  readonly mounts: NonNullable<Container['volumeMounts']>;
  readonly volumes?: Volume[];
  readonly env?: Container['env'];
  /** Name of the mount's volume, or the code of the refusal. */
  readonly outcome: string;
}

const ROWS: readonly Row[] = [
  { name: 'a mount above the data', mounts: [{ name: 'data', mountPath: DATA }], outcome: 'data' },
  { name: 'a mount at the data', mounts: [{ name: 'data', mountPath: PGDATA }], outcome: 'data' },
  { name: 'a mount with a slash at its end', mounts: [{ name: 'data', mountPath: `${DATA}/` }], outcome: 'data' },
  { name: 'a mount at the root of all', mounts: [{ name: 'data', mountPath: '/' }], outcome: 'data' },
  {
    name: 'the deepest of several',
    mounts: [
      { name: 'home', mountPath: '/var/lib/postgresql' },
      { name: 'data', mountPath: DATA },
      { name: 'run', mountPath: '/var/run' },
    ],
    outcome: 'data',
  },
  { name: 'a subPath', mounts: [{ name: 'data', mountPath: DATA, subPath: 'pg' }], outcome: 'data' },
  { name: 'a claim of the pod', mounts: [{ name: 'files', mountPath: DATA }], volumes: [CLAIM], outcome: 'files' },
  { name: 'no mount', mounts: [], outcome: 'data-mount-missing' },
  {
    name: 'a mount below the data',
    mounts: [{ name: 'data', mountPath: `${PGDATA}/base` }],
    outcome: 'data-mount-missing',
  },
  {
    name: 'a mount of a like name',
    mounts: [{ name: 'data', mountPath: `${DATA}/pg` }],
    outcome: 'data-mount-missing',
  },
  {
    name: 'a subPathExpr',
    mounts: [{ name: 'data', mountPath: DATA, subPathExpr: '$(POD)' }],
    outcome: 'data-mount-expression',
  },
  { name: 'a volume that is not there', mounts: [{ name: 'lost', mountPath: DATA }], outcome: 'data-not-a-claim' },
  {
    name: 'an emptyDir',
    mounts: [{ name: 'a', mountPath: DATA }],
    volumes: [{ name: 'a', emptyDir: {} }],
    outcome: 'data-not-a-claim',
  },
  {
    name: "a node's path",
    mounts: [{ name: 'a', mountPath: DATA }],
    volumes: [{ name: 'a', hostPath: { path: '/a' } }],
    outcome: 'data-not-a-claim',
  },
  {
    name: 'WAL on a volume of its own',
    mounts: [
      { name: 'data', mountPath: DATA },
      { name: 'wal', mountPath: `${PGDATA}/pg_wal` },
    ],
    outcome: 'data-spread',
  },
  {
    name: 'a tablespace on a volume of its own',
    mounts: [
      { name: 'data', mountPath: DATA },
      { name: 'files', mountPath: `${PGDATA}/pg_tblspc/1` },
    ],
    volumes: [CLAIM],
    outcome: 'data-spread',
  },
  {
    name: 'a configuration file among the data',
    mounts: [
      { name: 'data', mountPath: DATA },
      { name: 'settings', mountPath: `${PGDATA}/postgresql.conf`, subPath: 'postgresql.conf' },
    ],
    volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
    outcome: 'data',
  },
  {
    name: 'WAL elsewhere by a variable',
    mounts: [{ name: 'data', mountPath: DATA }],
    env: env({ POSTGRES_INITDB_WALDIR: '/wal' }),
    outcome: 'data-spread',
  },
  {
    name: 'WAL elsewhere by a variable from a ConfigMap',
    mounts: [{ name: 'data', mountPath: DATA }],
    env: env({ POSTGRES_INITDB_WALDIR: undefined }),
    outcome: 'data-spread',
  },
];

for (const { name, mounts, volumes, env: entries, outcome } of ROWS) {
  test(`data volume: ${name}: ${outcome}`, () => {
    const container: Container = { name: 'postgres', volumeMounts: mounts, ...(entries ? { env: entries } : {}) };
    const workload = buildWorkload({ container });
    if (volumes) workload.spec.template.spec.volumes = volumes;
    const place = findDataPlace(workload, container, PGDATA, 'at', undefined);
    assert.equal('code' in place ? place.code : place.mount.name, outcome);
  });
}

test('a claim template wins over a pod volume of the same name, as in Kubernetes', () => {
  const workload = buildWorkload();
  const [container] = workload.spec.template.spec.containers;
  if (!container) assert.fail();
  workload.spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'other' } }];
  const place = findDataPlace(workload, container, PGDATA, 'at', undefined);
  assert.deepEqual('volume' in place ? place.volume : place, { kind: 'claim-template', template: 'data' });
});
