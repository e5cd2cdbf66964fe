// A Restore from a dump, step by step: each row of the tables in plan-restore.ts and restore-start.ts that is about dumps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, StatefulSet } from '../../src/api/kubernetes.ts';
import { RESTORED_BY_ANNOTATION } from '../../src/api/names.ts';
import type { Instance, ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import type { Restore, RestoreStatus } from '../../src/api/restore.ts';
import type { Action } from '../../src/controller/action.ts';
import { planRestore } from '../../src/controller/plan-restore.ts';
import { chooseDumps } from '../../src/controller/restore-source.ts';
import type { World } from '../../src/controller/world.ts';
import { isInjected } from '../../src/inject/strip.ts';
import { buildLoadOf, buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildEndedPod,
  buildJob,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  POLICY,
  STORAGE_PREFIX,
} from '../support/world.ts';

const JOB = 'undo-restore';
const DUMP = {
  name: '20261121T020000Z-pg_dumpall',
  startedAt: '2026-11-21T02:00:00Z',
  bytes: 2048,
  dataBytes: 3 * 1024 ** 2,
  databases: 3,
  tables: 17,
  rows: 5000,
};
const TOLD = `dump ${DUMP.name} (2.00 KiB) of 2026-11-21T02:00:00Z: 3 databases, 17 tables, 5000 rows`;

const lastDump = (finishedAt: string) => ({ lastDump: { ...DUMP, finishedAt } }) as unknown as Partial<Instance>;
const instance = (pod: string, more: Partial<Instance> = {}): Instance => ({
  pod,
  storagePrefix: STORAGE_PREFIX,
  ...more,
});

function known(...instances: Instance[]): ProtectedDatabase {
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'ProtectedDatabase',
    metadata: { name: 'orders', namespace: 'shop' },
    status: { instances },
  };
}

function change(spec: Partial<Restore['spec']>): Restore {
  const restore = buildLoadOf('latest');
  return { ...restore, spec: { ...restore.spec, ...spec } };
}

function worldOf(restore = buildLoadOf('latest'), changes: Partial<World> = {}): World {
  return buildWorld({ databases: [known(instance('orders-0'))], restores: [restore], ...changes });
}

const plan = (world: World): Action[] => planRestore(world.restores[0] ?? assert.fail(), world);

function statusOf(actions: readonly Action[]): RestoreStatus {
  const action = actions.find(({ verb }) => verb === 'apply-status') ?? assert.fail('no status is written');
  return action.object.status as RestoreStatus;
}

function envOf(actions: readonly Action[]): Map<string, unknown> {
  const job = actions.find(({ object }) => object.kind === 'Job')?.object as Job;
  const { template } = job.spec as { template: StatefulSet['spec']['template'] };
  return new Map(template.spec.containers[0]?.env?.map(({ name, value }) => [name, value]));
}

test('absent: Fetching, with a claim and a job that loads', () => {
  const actions = plan(worldOf());
  assert.deepEqual(describeActions(actions), [
    'apply-status Restore/undo',
    'create PersistentVolumeClaim/data-orders-before-0',
    `create Job/${JOB}`,
  ]);
  const { phase, message, target } = statusOf(actions);
  assert.deepEqual(
    [phase, message, target],
    ['Fetching', `looking for what to load below ${STORAGE_PREFIX}`, 'dump latest'],
  );
  const env = envOf(actions);
  assert.deepEqual(
    ['WALGUARD_DUMP', 'WALGUARD_SOURCE_PREFIX', 'WALGUARD_DUMP_DESTINATION'].map((name) => env.get(name)),
    ['latest', STORAGE_PREFIX, 'storage'],
  );
});

const ON_CLAIMS = {
  ...POLICY,
  spec: { ...POLICY.spec, dump: { schedule: '0 2 * * *', keep: '7d', destination: { volume: { size: '1Gi' } } } },
} as typeof POLICY;

test('where the policy keeps dumps on claims, and the claim is not there: Failed, and nothing waits for it', () => {
  const world = worldOf(undefined, { policies: [ON_CLAIMS] });
  const actions = plan(world);
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  assert.match(statusOf(actions).message ?? '', /"orders-0-dumps" with the dumps is not there; name the pod/);
  const metadata = { name: 'orders-0-dumps', namespace: 'shop' };
  const claims = [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} }];
  assert.equal(envOf(plan({ ...world, claims })).get('WALGUARD_DUMP_DESTINATION'), 'volume');
});

test('where the dumps lie: each row of the table', () => {
  const of = (source: Partial<Restore['spec']['source']>, isOnClaims: boolean, ...instances: Instance[]) => {
    const dump = isOnClaims ? { destination: { volume: { size: '1Gi' } } } : undefined;
    const restore = change({ source: { database: 'orders', dump: 'latest', ...source } });
    return chooseDumps(restore, { dump } as never, instances, { storagePrefix: STORAGE_PREFIX, pod: 'orders-0' })
      .claimOf;
  };
  const older = instance('orders-1', lastDump('2026-11-20T02:00:00Z'));
  const newer = instance('orders-2', lastDump('2026-11-21T02:00:00Z'));
  const other = { ...instance('orders-3', lastDump('2026-11-22T02:00:00Z')), storagePrefix: 's3://another' };
  assert.equal(of({ storagePrefix: STORAGE_PREFIX }, true, newer), undefined);
  assert.equal(of({}, false, newer), undefined);
  assert.equal(of({ instance: 'orders-1' }, true, older, newer), 'orders-1');
  assert.equal(of({}, true, instance('orders-1')), 'orders-0');
  assert.equal(of({}, true, older, newer, other), 'orders-2');
});

/** The world in which the claim and the job are there. */
function loading(job: Job['status'], more: Partial<World> = {}, restore?: Restore): World {
  const before = worldOf(restore);
  const after = afterwards(before, plan(before));
  return { ...after, jobs: [buildJob(JOB, job)], now: '2026-11-21T10:05:00.000Z', ...more };
}

test('while the job runs: what it loads, and how far it is', () => {
  const pod = { ...buildEndedPod('restore', JOB, { exitCode: 0, message: '' }), status: { phase: 'Running' } };
  const world = {
    ...loading({}, { pods: [buildPod(), pod] }),
    progress: { dump: DUMP, bytes: 1024 ** 2, seconds: 2 },
  };
  const { phase, dump, message } = statusOf(plan(world));
  assert.deepEqual([phase, dump], ['Fetching', DUMP]);
  assert.equal(message, `loading ${TOLD}: 1.00 MiB of about 3.00 MiB, 512 KiB/s, 4s left`);
});

test('a job that failed, by whatever did not come back whole: Failed, its own words, and no StatefulSet', () => {
  const message = JSON.stringify({ ok: false, message: 'public.orders has no rows, 100 there' });
  const failed: Job['status'] = { failed: 1, conditions: [{ type: 'Failed', status: 'True', message: 'x' }] };
  const actions = plan(loading(failed, { pods: [buildEndedPod('restore', JOB, { exitCode: 1, message })] }));
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  const { phase, message: said } = statusOf(actions);
  assert.deepEqual([phase, said], ['Failed', 'public.orders has no rows, 100 there']);
});

function loaded(restore?: Restore): World {
  const message = JSON.stringify({ ok: true, dump: DUMP, durationMs: 1, note: 'mind' });
  const pod = buildEndedPod('restore', JOB, { exitCode: 0, message });
  return loading({ succeeded: 1 }, { pods: [buildPod(), pod] }, restore);
}

test('job succeeded: Starting, with an injected StatefulSet that recovers from nowhere', () => {
  const source = { database: 'orders', dump: 'latest', storagePrefix: 's3://lost/shop/orders/15/42' };
  const actions = plan(loaded(change({ source })));
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo', 'create StatefulSet/orders-before']);
  const created = actions[1]?.object as StatefulSet;
  assert.ok(isInjected(created));
  assert.equal(created.metadata.annotations?.[RESTORED_BY_ANNOTATION], 'uid-of-undo');
  assert.equal(created.metadata.annotations?.['walguard.dev/restore-from'], undefined);
  const { phase, message, dump, target, note, plan: none } = statusOf(actions);
  assert.deepEqual(
    [phase, message, dump, target, note, none],
    ['Starting', 'creating StatefulSet "orders-before"', DUMP, `dump ${DUMP.name}`, 'mind', undefined],
  );
});

test('only the plan: no claim, and at the end what it would load', () => {
  const restore = change({ planOnly: true });
  assert.deepEqual(describeActions(plan(worldOf(restore))), ['apply-status Restore/undo', `create Job/${JOB}`]);
  const ended = plan(loaded(restore));
  assert.deepEqual(describeActions(ended), ['apply-status Restore/undo']);
  const { phase, message } = statusOf(ended);
  assert.deepEqual([phase, message], ['Completed', `it would load ${TOLD}`]);
});

function starting(answer: SidecarStatus | string | undefined, restore?: Restore): World {
  const before = loaded(restore);
  const after = afterwards(before, plan(before));
  const sidecars = new Map(answer === undefined ? [] : [['shop/orders-before-0', answer] as const]);
  return { ...after, sidecars, now: '2026-11-21T10:10:00.000Z' };
}

const HELD = `StatefulSet "orders-before" has what dump ${DUMP.name} held`;

const STARTS: readonly (readonly [answer: SidecarStatus | string | undefined, phase: string, message: string])[] = [
  [undefined, 'Starting', 'starting Postgres; the pod does not exist yet'],
  ['the sidecar does not answer: x', 'Starting', 'starting Postgres; the sidecar does not answer: x'],
  [buildSidecarStatus({ postgres: 'down' }), 'Starting', 'starting Postgres'],
  [buildSidecarStatus({ inRecovery: true }), 'Starting', 'starting Postgres'],
  [
    buildSidecarStatus({ postgres: 'up', inRecovery: false }),
    'Completed',
    `${HELD}, takes writes, and archives on its own`,
  ],
];

for (const [answer, phase, message] of STARTS) {
  test(`the StatefulSet is there: ${phase}, ${message}`, () => {
    const world = starting(answer);
    const actions = plan(world);
    const after = afterwards(world, actions).restores[0]?.status;
    assert.deepEqual([after?.phase, after?.message], [phase, message]);
    assert.ok(actions.every(({ verb }) => verb === 'apply-status'));
  });
}

test('a Postgres that ends again and again is said, with where to look', () => {
  const pod = {
    ...buildPod('orders-before-0'),
    status: { containerStatuses: [{ name: 'postgres', restartCount: 2 }] },
  };
  assert.match(
    statusOf(plan({ ...starting(buildSidecarStatus({ postgres: 'down' })), pods: [pod] })).message ?? '',
    /^starting Postgres; Postgres has ended 2 times, see: kubectl -n shop logs orders-before-0/,
  );
});

test('without a start: Completed, and how to start it', () => {
  const { phase, message } = statusOf(plan(starting(undefined, change({ autoStart: false }))));
  assert.equal(phase, 'Completed');
  assert.equal(
    message,
    `${HELD}, and no replicas; start it: kubectl -n shop scale statefulset orders-before --replicas=1`,
  );
});

test('a base backup is restored as before', () => {
  assert.match(statusOf(plan(worldOf(buildRestoreOf()))).message ?? '', /^looking for what to fetch/);
});
