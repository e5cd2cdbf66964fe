// A Restore into a new database, step by step: each row of the table in plan-new-database.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../src/api/kubernetes.ts';
import type { Instance, ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import type { Restore, RestoreStatus } from '../../src/api/restore.ts';
import type { Action } from '../../src/controller/action.ts';
import { planRestore } from '../../src/controller/plan-restore.ts';
import type { World } from '../../src/controller/world.ts';
import { buildLoadIntoOf, buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildEndedPod,
  buildJob,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  STORAGE_PREFIX,
} from '../support/world.ts';

const JOB = 'undo-restore';
const DUMP = {
  name: '20261121T020000Z-pg_dump',
  startedAt: '2026-11-21T02:00:00Z',
  bytes: 2048,
  dataBytes: 3 * 1024 ** 2,
  databases: 1,
  tables: 2,
  rows: 1000,
};

const BESIDE = buildLoadIntoOf({ name: 'again', of: 'shop' });
const SWAP = buildLoadIntoOf({ name: 'again', of: 'shop', swap: 'shop' });

function known(...instances: Instance[]): ProtectedDatabase {
  const metadata = { name: 'orders', namespace: 'shop' };
  return { apiVersion: 'walguard.dev/v1alpha1', kind: 'ProtectedDatabase', metadata, status: { instances } };
}

const instance = (pod: string, more: Partial<Instance> = {}): Instance => ({
  pod,
  storagePrefix: STORAGE_PREFIX,
  ...more,
});

function withRoom(changes: Partial<SidecarStatus> = {}): SidecarStatus {
  const status = buildSidecarStatus();
  const archiver = { ...status.archiver, volumeFreeBytes: 7_000_000_000 } as NonNullable<SidecarStatus['archiver']>;
  return { ...status, archiver, ...changes };
}

const answers = (...all: [pod: string, SidecarStatus | string][]) =>
  new Map(all.map(([pod, each]) => [`shop/${pod}`, each]));

function worldOf(restore = BESIDE, changes: Partial<World> = {}): World {
  return buildWorld({
    databases: [known(instance('orders-0'))],
    restores: [restore],
    sidecars: answers(['orders-0', withRoom()]),
    ...changes,
  });
}

const plan = (world: World): Action[] => planRestore(world.restores[0] ?? assert.fail(), world);

function statusOf(actions: readonly Action[]): RestoreStatus {
  const action = actions.find(({ verb }) => verb === 'apply-status') ?? assert.fail('no status is written');
  return action.object.status as RestoreStatus;
}

interface Container {
  readonly env: { readonly name: string; readonly value?: string }[];
}

function envOf(actions: readonly Action[], name: string): string | undefined {
  const job = actions.find(({ object }) => object.kind === 'Job')?.object ?? assert.fail('no job is made');
  const { template } = job.spec as { template: { spec: { containers: Container[] } } };
  return template.spec.containers[0]?.env.find((each) => each.name === name)?.value;
}

test('a primary that says how much room it has: a job, and nothing else is made', () => {
  const actions = plan(worldOf(SWAP));
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo', `create Job/${JOB}`]);
  const { phase, message, target, storagePrefix } = statusOf(actions);
  assert.deepEqual(
    [phase, message, target, storagePrefix],
    ['Fetching', `looking for what to load below ${STORAGE_PREFIX}`, 'dump latest', STORAGE_PREFIX],
  );
  assert.equal(envOf(actions, 'WALGUARD_PGHOST'), 'orders-0-walguard');
  assert.equal(envOf(actions, 'WALGUARD_FREE_BYTES'), '7000000000');
  assert.deepEqual(JSON.parse(envOf(actions, 'WALGUARD_NEW_DATABASE') ?? ''), {
    restore: 'undo',
    name: 'again',
    of: 'shop',
    swap: 'shop',
  });
});

test('of a cluster the primary gets it', () => {
  const databases = [
    known(
      instance('orders-0', { clusterId: '1', inRecovery: true }),
      instance('orders-1', { clusterId: '1', inRecovery: false }),
    ),
  ];
  const sidecars = answers(['orders-0', withRoom({ inRecovery: true })], ['orders-1', withRoom()]);
  assert.equal(envOf(plan(worldOf(BESIDE, { databases, sidecars })), 'WALGUARD_PGHOST'), 'orders-1-walguard');
  const source = { ...BESIDE.spec.source, storagePrefix: 's3://lost/shop/orders/15/42' };
  const lost = { ...BESIDE, spec: { ...BESIDE.spec, source } };
  const actions = plan(worldOf(lost, { databases, sidecars }));
  assert.equal(envOf(actions, 'WALGUARD_PGHOST'), 'orders-1-walguard', 'whoever reads elsewhere still loads here');
  assert.equal(envOf(actions, 'WALGUARD_SOURCE_PREFIX'), source.storagePrefix);
});

const UNKNOWN_ROOM = buildSidecarStatus();
const inPlace = { ...buildRestoreOf(), metadata: { name: 'other', namespace: 'shop', uid: 'other' } } as Restore;
inPlace.spec = { ...inPlace.spec, destination: { inPlace: { confirm: 'orders' } } };

const REFUSED: readonly (readonly [name: string, Partial<World>, RegExp])[] = [
  ['no StatefulSet', { statefulSets: [] }, /^StatefulSet "orders" does not exist/],
  ['nothing is known', { databases: [] }, /^nothing is known of where "orders" archives/],
  ['no pod', { sidecars: new Map() }, /^what "orders-0" is at is not known \(the pod does not exist\)/],
  ['no answer', { sidecars: answers(['orders-0', 'x']) }, /is not known \(x\), so nothing is loaded there/],
  ['Postgres is down', { sidecars: answers(['orders-0', withRoom({ postgres: 'down' })]) }, /does not answer/],
  ['a standby', { sidecars: answers(['orders-0', withRoom({ inRecovery: true })]) }, /"orders-0" is a standby/],
  [
    'room is not known',
    { sidecars: answers(['orders-0', UNKNOWN_ROOM]) },
    /how much room "orders-0" has .* not known yet/,
  ],
  ['it is being restored', { restores: [BESIDE, inPlace] }, /^"orders" is being restored; wait for its end/],
];

for (const [name, changes, why] of REFUSED) {
  test(`${name}: Failed, and nothing is made`, () => {
    const actions = plan(worldOf(BESIDE, changes));
    assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
    assert.equal(statusOf(actions).phase, 'Failed');
    assert.match(statusOf(actions).message ?? '', why);
  });
}

function loading(restore: Restore, job: Job['status'], more: Partial<World> = {}): World {
  const before = worldOf(restore);
  return { ...afterwards(before, plan(before)), jobs: [buildJob(JOB, job)], now: '2026-11-21T10:05:00.000Z', ...more };
}

test('while the job runs: what it loads, and how far it is', () => {
  const world = { ...loading(BESIDE, {}), progress: { dump: DUMP, bytes: 1024 ** 2, seconds: 2 } };
  const { phase, message } = statusOf(plan(world));
  assert.equal(phase, 'Fetching');
  assert.match(message ?? '', /^loading dump 20261121T020000Z-pg_dump .*1000 rows: 1\.00 MiB of about 3\.00 MiB/);
});

test('a job that failed: Failed, its own words', () => {
  const message = JSON.stringify({ ok: false, message: 'shop: public.orders has no rows, 100 there' });
  const failed: Job['status'] = { failed: 1, conditions: [{ type: 'Failed', status: 'True', message: 'x' }] };
  const pods = [buildEndedPod('restore', JOB, { exitCode: 1, message })];
  const { phase, message: said } = statusOf(plan(loading(SWAP, failed, { pods })));
  assert.deepEqual([phase, said], ['Failed', 'shop: public.orders has no rows, 100 there']);
  assert.equal(statusOf(plan(loading(SWAP, failed, { pods: [] }))).message, 'x');
});

function ended(restore: Restore, more: object = {}): RestoreStatus {
  const message = JSON.stringify({ ok: true, dump: DUMP, durationMs: 1, note: 'mind', ...more });
  const pods = [buildPod(), buildEndedPod('restore', JOB, { exitCode: 0, message })];
  const actions = plan(loading(restore, { succeeded: 1 }, { pods }));
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  return statusOf(actions);
}

test('loaded beside: Completed, how to look, and how to swap', () => {
  const { phase, message, note, dump, fetchedAt } = ended(BESIDE);
  assert.deepEqual([phase, note, dump], ['Completed', 'mind', DUMP]);
  assert.ok(fetchedAt, 'all of it came back: evidence goes by that');
  assert.equal(
    message,
    'database "again" of "orders" has what "shop" held in dump 20261121T020000Z-pg_dump, every table and row as its manifest says. Look at it: psql -d "again". To have it take the place of "shop", with nobody connected to either: begin; alter database "shop" rename to "shop_before_undo"; alter database "again" rename to "shop"; commit;',
  );
});

test('swapped: Completed, for how long nobody could connect, and the way back', () => {
  assert.equal(
    ended(SWAP, { swapMs: 240 }).message,
    'database "shop" of "orders" has what "shop" held in dump 20261121T020000Z-pg_dump, every table and row as its manifest says. Nobody could connect for 0.2 s. What it was before is kept as "shop_before_undo". Back to it, with nobody connected to either: begin; alter database "shop" rename to "again"; alter database "shop_before_undo" rename to "shop"; commit; Once it is not needed: drop database "shop_before_undo"',
  );
});

test('only the plan: what it would load', () => {
  const { phase, message } = ended({ ...SWAP, spec: { ...SWAP.spec, planOnly: true } });
  assert.equal(phase, 'Completed');
  assert.match(message ?? '', /^it would load dump 20261121T020000Z-pg_dump/);
});
