import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import type { Instance as ObservedInstance, ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import type { Action } from '../../src/controller/action.ts';
import { decide } from '../../src/controller/decide.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { isWorthWriting, planGone } from '../../src/controller/plan-status.ts';
import type { World } from '../../src/controller/world.ts';
import { inject } from '../../src/inject/inject.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  buildGoodReport,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  findCondition,
  NOW,
  POLICY,
  STORAGE_PREFIX,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

const FIRST_JOB = 'orders-0-base-backup-a24467b2';

function plan(world: World): Action[] {
  const [workload] = world.statefulSets;
  return workload ? planDatabase(workload, world) : [];
}

function statusOf(actions: readonly Action[]): ProtectedDatabaseStatus {
  const action = actions.find(({ verb }) => verb === 'apply-status') ?? assert.fail('no status is written');
  return action.object.status as ProtectedDatabaseStatus;
}

function sidecars(status: SidecarStatus | string): World['sidecars'] {
  return new Map([['shop/orders-0', status]]);
}

test('a database that archives gets its companions, a first base backup and a status', () => {
  assert.deepEqual(describeActions(plan(buildWorld())), [
    'apply Service/orders-0-walguard',
    'apply CronJob/orders-0-base-backup',
    `create Job/${FIRST_JOB}`,
    'apply ProtectedDatabase/orders',
    'apply-status ProtectedDatabase/orders',
  ]);
});

test('the steady state costs no writes', () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  assert.deepEqual(plan(after), []);
  assert.deepEqual(plan({ ...after, now: '2026-11-21T10:00:05.000Z' }), []);
});

test('what the API server fills in on the companions is no reason to write', () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  const companions = after.companions.map((each) => ({
    ...each,
    metadata: { ...each.metadata, uid: 'u', resourceVersion: '5', managedFields: [] },
    status: { lastScheduleTime: NOW },
  }));
  assert.deepEqual(plan({ ...after, companions }), []);
});

test('base backups go where the WAL goes, until a rollout takes both to the new place of the policy', () => {
  const [plain] = buildWorld().statefulSets;
  const storage = { prefix: 's3://old', region: 'us-east-1', forcePathStyle: false, credentialsSecret: 'old-login' };
  const injection = inject(plain as StatefulSet, { ...SETTINGS, storage }, IMAGE);
  assert.ok(injection.kind === 'injected');
  const actions = plan(buildWorld({ statefulSets: [injection.workload] }));
  const backups = actions.filter(({ object }) => ['CronJob', 'Job'].includes(object.kind));
  assert.equal(backups.length, 2);
  for (const { object } of backups) {
    assert.match(JSON.stringify(object), /"WALGUARD_STORAGE_PREFIX","value":"s3:\/\/old"/);
    assert.match(JSON.stringify(object), /"name":"old-login"/);
  }
});

test('a changed policy is applied to the companion that it concerns, and to no other', () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  const spec = { ...POLICY.spec, baseBackup: { schedule: '0 4 * * *' } };
  const actions = plan({ ...after, policies: [{ ...POLICY, spec }] });
  assert.deepEqual(describeActions(actions), [
    'apply CronJob/orders-0-base-backup',
    'apply-status ProtectedDatabase/orders',
  ]);
  assert.equal(statusOf(actions).nextRuns?.baseBackup, '2026-11-22T04:00:00.000Z');
  const written = actions[0]?.object.spec as { schedule: string } | undefined;
  assert.equal(written?.schedule, '0 4 * * *');
});

test('a companion that was deleted is made again', () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  const actions = plan({ ...after, companions: after.companions.filter(({ kind }) => kind !== 'CronJob') });
  assert.deepEqual(describeActions(actions), ['apply CronJob/orders-0-base-backup']);
});

test("a companion of the same name in another namespace is somebody else's", () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  const companions = after.companions.map((each) => ({ ...each, metadata: { ...each.metadata, namespace: 'other' } }));
  assert.equal(plan({ ...after, companions }).length, 2);
});

test('each pod of the StatefulSet has companions and a first backup of its own', () => {
  const other = buildSidecarStatus({ pod: 'orders-1', clusterId: '42' });
  const world = buildWorld({
    statefulSets: [buildDatabase(({ spec }) => void Object.assign(spec, { replicas: 2 }))],
    pods: [buildPod(), buildPod('orders-1')],
    sidecars: new Map([
      ['shop/orders-0', buildSidecarStatus()],
      ['shop/orders-1', other],
    ]),
  });
  const actions = describeActions(plan(world));
  assert.equal(actions.filter((each) => each.startsWith('apply CronJob/')).length, 2);
  assert.equal(actions.filter((each) => each.startsWith('create Job/')).length, 2);
  assert.equal(statusOf(plan(world)).instances?.length, 2);
});

// planExtraBackup: | primary, and archiving works | a good backup of its cluster is known | its first Job exists | first backup |

const ended = buildEndedPod('base-backup', FIRST_JOB, {
  exitCode: 0,
  message: buildGoodReport('base_1', '2026-11-21T09:00:00.000Z'),
  finishedAt: '2026-11-21T09:00:01Z',
});

function firstBackups(changes: Partial<World>): string[] {
  return describeActions(plan(buildWorld(changes))).filter((each) => each.startsWith('create Job/'));
}

const NOT_ARCHIVING: Readonly<Record<string, SidecarStatus | string>> = {
  'the sidecar does not answer': 'the sidecar does not answer: refused',
  'the daemon waits for credentials': buildSidecarStatus({ daemon: 'waiting-for-credentials' }),
  'the daemon fails': buildSidecarStatus({ daemon: 'failing' }),
  'Postgres is down': buildSidecarStatus({ postgres: 'down' }),
  'Postgres recovers': buildSidecarStatus({ inRecovery: true }),
  'archive_mode is off': buildSidecarStatus({ archiver: { archiveMode: 'off' } }),
  'archive_command is not ours': buildSidecarStatus({
    archiver: { archiveMode: 'on', missingSettings: ['archive_command'] },
  }),
};

for (const [name, status] of Object.entries(NOT_ARCHIVING)) {
  test(`no first backup while ${name}`, () => assert.deepEqual(firstBackups({ sidecars: sidecars(status) }), []));
}

test('no first backup while the cluster is not known', () => {
  const { clusterId: _id, ...status } = buildSidecarStatus();
  assert.deepEqual(firstBackups({ sidecars: sidecars(status) }), []);
});

test('no first backup where a good backup is known', () => {
  assert.deepEqual(firstBackups({ pods: [buildPod(), ended] }), []);
});

test('no first backup where its job exists, in this namespace', () => {
  const job = (namespace: string) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: FIRST_JOB, namespace },
  });
  assert.deepEqual(firstBackups({ jobs: [job('shop')] }), []);
  assert.deepEqual(firstBackups({ jobs: [job('other')] }), [`create Job/${FIRST_JOB}`]);
});

test('a first backup where archiving works, no backup is known and no job exists', () => {
  assert.deepEqual(firstBackups({}), [`create Job/${FIRST_JOB}`]);
});

// After a failover: orders-1 leads, orders-0 is its standby, or gone.

const MEMBER = 'orders-1-base-backup-a24467b2';

function afterFailover(known: Partial<ObservedInstance> | undefined, replicas = 2): string[] {
  const world = buildWorld({
    statefulSets: [
      buildDatabase(({ spec }) => void Object.assign(spec, { replicas, ordinals: { start: 2 - replicas } })),
    ],
    pods: [buildPod(), buildPod('orders-1')],
    sidecars: new Map([
      ['shop/orders-0', buildSidecarStatus({ inRecovery: true })],
      ['shop/orders-1', buildSidecarStatus({ pod: 'orders-1' })],
    ]),
  });
  const status = known && { instances: [{ pod: 'orders-0', clusterId: SYSTEM_IDENTIFIER, ...known }] };
  const metadata = { name: 'orders', namespace: 'shop' };
  const database = {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'ProtectedDatabase',
    metadata,
    ...(status && { status }),
  };
  const actions = describeActions(plan({ ...world, databases: [database] }));
  return actions.filter((each) => each.startsWith('create Job/'));
}

const BACKED_UP = { lastSuccessfulBackup: { name: 'base_1', finishedAt: '2026-11-21T09:00:00.000Z' } };

test('no first backup by a new primary whose cluster has one, by a standby or by a pod scaled away', () => {
  assert.deepEqual(afterFailover(BACKED_UP), []);
  assert.deepEqual(afterFailover(BACKED_UP, 1), []);
});

test('a first backup by a new primary where none is known of its cluster, and by the primary only', () => {
  assert.deepEqual(afterFailover(undefined), [`create Job/${MEMBER}`]);
  assert.deepEqual(afterFailover({}), [`create Job/${MEMBER}`]);
  assert.deepEqual(afterFailover({ ...BACKED_UP, clusterId: '42' }), [`create Job/${MEMBER}`]);
});

// The status.

test('the status says where each cluster archives, on which node, and what its sidecar and jobs reported', () => {
  const [instance] = statusOf(plan(buildWorld({ pods: [buildPod(), ended] }))).instances ?? [];
  assert.equal(instance?.clusterId, SYSTEM_IDENTIFIER);
  assert.equal(instance?.storagePrefix, STORAGE_PREFIX);
  assert.equal(instance?.node, 'node-a');
  assert.equal(instance?.inRecovery, false);
  assert.equal(instance?.archiver?.lastArchivedWal, '000000010000000000000003');
  assert.deepEqual(instance?.lastSuccessfulBackup, {
    name: 'base_1',
    finishedAt: '2026-11-21T09:00:00.000Z',
    job: FIRST_JOB,
  });
});

test('a sidecar that stops answering loses nothing that was known, but its pod is no longer healthy', () => {
  const world = buildWorld({ pods: [buildPod(), ended] });
  const after = afterwards(world, plan(world));
  const silent = statusOf(plan({ ...after, pods: [buildPod()], sidecars: sidecars('the sidecar does not answer: x') }));
  const [instance] = silent.instances ?? [];
  assert.equal(instance?.storagePrefix, STORAGE_PREFIX);
  assert.equal(instance?.clusterId, SYSTEM_IDENTIFIER);
  assert.equal(instance?.lastSuccessfulBackup?.name, 'base_1');
  assert.equal(instance?.message, 'the sidecar does not answer: x');
  assert.equal(findCondition(silent.conditions as never, 'ContinuousArchiving')?.status, 'Unknown');
});

test('a volume that was initialised anew does not inherit the backups of the old one, and gets a first of its own', () => {
  const world = buildWorld({ pods: [buildPod(), ended] });
  const after = afterwards(world, plan(world));
  const actions = plan({ ...after, sidecars: sidecars(buildSidecarStatus({ clusterId: '42' })) });
  assert.equal(statusOf(actions).instances?.[0]?.lastSuccessfulBackup, undefined);
  assert.equal(describeActions(actions).filter((each) => each.startsWith('create Job/')).length, 1);
});

test('a database that is scaled to zero keeps what is known of its backups, and its schedule is suspended', () => {
  const before = buildWorld({ pods: [buildPod(), ended] });
  const after = afterwards(before, plan(before));
  const scaled = {
    ...after,
    pods: [],
    sidecars: new Map(),
    statefulSets: [
      buildDatabase(({ spec }) => {
        spec.replicas = 0;
      }),
    ],
  };
  const actions = plan(scaled);
  assert.deepEqual(describeActions(actions), [
    'apply CronJob/orders-0-base-backup',
    'apply-status ProtectedDatabase/orders',
  ]);
  assert.deepEqual(actions[0]?.object.spec, { ...(actions[0]?.object.spec as object), suspend: true });
  const [instance] = statusOf(actions).instances ?? [];
  assert.deepEqual(
    [instance?.pod, instance?.storagePrefix, instance?.message],
    ['orders-0', STORAGE_PREFIX, 'scaled away'],
  );
  assert.equal(instance?.lastSuccessfulBackup?.name, 'base_1');
  const later = afterwards(scaled, actions);
  assert.deepEqual(describeActions(plan(later)), [], 'said once');
  const back = plan({ ...later, pods: before.pods, sidecars: before.sidecars, statefulSets: before.statefulSets });
  assert.ok(describeActions(back).includes('apply CronJob/orders-0-base-backup'), 'and resumed when it is back');
});

test('a policy that is missing for a moment does not make known backups unknown', () => {
  const before = buildWorld({ pods: [buildPod(), ended] });
  const after = afterwards(before, plan(before));
  const status = statusOf(plan({ ...after, policies: [] }));
  assert.equal(status.instances?.[0]?.storagePrefix, STORAGE_PREFIX);
});

test('the ProtectedDatabase is made once, with a status of its own', () => {
  const actions = plan(buildWorld());
  const made = actions.find(({ verb, object }) => verb === 'apply' && object.kind === 'ProtectedDatabase');
  assert.equal(made?.object.status, undefined);
  assert.deepEqual(made?.object.metadata, {
    name: 'orders',
    namespace: 'shop',
    labels: { 'app.kubernetes.io/managed-by': 'walguard', 'walguard.dev/database': 'orders' },
  });
});

const UNRESOLVED: Readonly<Record<string, readonly [change: Partial<World>, why: RegExp]>> = {
  'an unknown policy': [{ policies: [] }, /the BackupPolicy "standard" does not exist/],
  'a policy that is not valid': [
    { policies: [{ ...POLICY, spec: { storage: {} } as never }] },
    /policy-invalid: BackupPolicy\/standard spec\.storage /,
  ],
  'a workload that is no Postgres': [
    { statefulSets: [{ ...buildWorkload({ policy: 'standard', container: { image: 'redis:7' } }) }] },
    /not-postgres/,
  ],
  'a workload that cannot be protected': [
    { statefulSets: [buildWorkload({ policy: 'standard', container: { volumeMounts: [] } })] },
    /data-mount-missing/,
  ],
};

for (const [name, [change, why]] of Object.entries(UNRESOLVED)) {
  test(`${name} gives no companions but a status that says why, written once`, () => {
    const world = buildWorld(change);
    const actions = plan(world);
    assert.deepEqual(describeActions(actions), [
      'apply ProtectedDatabase/orders',
      'apply-status ProtectedDatabase/orders',
    ]);
    const condition = findCondition(statusOf(actions).conditions as never, 'Protected');
    assert.equal(condition?.status, 'False');
    assert.match(condition?.message ?? '', why);
    assert.deepEqual(plan({ ...afterwards(world, actions), now: '2026-11-21T11:00:00.000Z' }), []);
  });
}

// planGone

test('what was said of a database whose StatefulSet is gone does not stand, but what was known of its backups does', () => {
  const before = buildWorld({ pods: [buildPod(), ended] });
  const after = afterwards(before, plan(before));
  const [database] = after.databases;
  assert.ok(database);
  const unnamed = buildDatabase(({ metadata }) => {
    metadata.annotations = {};
  });
  const rows = [
    [[], 'its StatefulSet does not exist; its backups are kept'],
    [[unnamed], 'its StatefulSet names no policy'],
  ] as const;
  for (const [statefulSets, message] of rows) {
    const world = { ...after, statefulSets, now: '2026-11-21T11:00:00.000Z' };
    const actions = planGone(database, world);
    assert.deepEqual(describeActions(actions), ['apply-status ProtectedDatabase/orders']);
    const status = statusOf(actions);
    for (const type of ['Protected', 'ContinuousArchiving']) {
      const condition = findCondition(status.conditions as never, type);
      assert.deepEqual([condition?.status, condition?.message], ['False', message]);
    }
    assert.equal(status.instances?.[0]?.storagePrefix, STORAGE_PREFIX, 'where its backups are');
    assert.equal(status.instances?.[0]?.lastSuccessfulBackup?.name, 'base_1');
    const later = { ...afterwards(world, actions), now: '2026-11-21T12:00:00.000Z' };
    assert.deepEqual(planGone(later.databases[0] ?? assert.fail(), later), [], 'said once');
  }
});

test('a database whose StatefulSet names a policy is not gone', () => {
  const world = buildWorld();
  const after = afterwards(world, plan(world));
  assert.deepEqual(planGone(after.databases[0] ?? assert.fail(), after), []);
});

// decide

const DATABASE = { kind: 'database', namespace: 'shop', name: 'orders' } as const;

test('a database that names a policy is planned; another one, and one that is being deleted, is not', () => {
  const unnamed = buildDatabase(({ metadata }) => {
    metadata.annotations = {};
  });
  const deleted = buildDatabase(({ metadata }) => {
    metadata.deletionTimestamp = NOW;
  });
  const empty = buildDatabase(({ metadata }) => {
    metadata.annotations = { [ANNOTATION.policy]: '' };
  });
  for (const each of [unnamed, deleted, empty]) {
    assert.deepEqual(decide(DATABASE, buildWorld({ statefulSets: [each] })), []);
  }
  assert.ok(decide(DATABASE, buildWorld()).some(({ object }) => object.kind === 'CronJob'));
});

test('a Restore is planned by its name', () => {
  const world = buildWorld({ restores: [buildRestoreOf('nothing')] });
  const name = world.restores[0]?.metadata.name ?? assert.fail();
  const restore = { kind: 'restore', namespace: 'shop', name } as const;
  assert.deepEqual(
    decide(restore, world).map(({ verb, object }) => `${verb} ${object.kind}`),
    ['apply-status Restore', 'apply-status Restore'],
  );
  assert.deepEqual(decide({ ...restore, name: 'other' }, world), []);
});

test('a database that lost its policy loses its companions, one whose StatefulSet is gone has none to lose', () => {
  const before = buildWorld();
  const after = afterwards(before, plan(before));
  const companions = after.companions.map((each) => ({
    ...each,
    metadata: { ...each.metadata, uid: `uid-of-${each.kind}` },
  }));
  const unnamed = buildDatabase(({ metadata }) => {
    metadata.annotations = {};
  });
  assert.deepEqual(describeActions(decide(DATABASE, { ...after, companions, statefulSets: [unnamed] })).sort(), [
    'apply-status ProtectedDatabase/orders',
    'delete CronJob/orders-0-base-backup',
    'delete Service/orders-0-walguard',
  ]);
  assert.deepEqual(describeActions(decide(DATABASE, { ...after, companions, statefulSets: [] })), [
    'apply-status ProtectedDatabase/orders',
  ]);
});

// from when to when it can be restored

test('the window of a pod stays while its cluster is the same, and goes with another cluster', () => {
  const windowOf = (world: World) => {
    const [instance] = statusOf(plan(world)).instances ?? [];
    return [instance?.firstRecoverabilityPoint, instance?.latestRestorableTime];
  };
  const first = buildWorld({ pods: [buildPod(), ended] });
  const after = { ...afterwards(first, plan(first)), pods: [buildPod()] };
  const known = windowOf(first);
  assert.deepEqual(known, ['2026-11-21T09:00:00.000Z', '2026-11-21T09:59:30.000Z']);
  const answers: Readonly<Record<string, SidecarStatus | string>> = {
    'the sidecar does not answer': 'the pod is Pending and has no address yet',
    'Postgres is down': without(buildSidecarStatus({ postgres: 'down' }), 'archiver'),
    'its counters were reset': buildSidecarStatus({ archiver: { archiveMode: 'on' } }),
    'WAL was let go, and what is archived after it is worth nothing yet': buildSidecarStatus({
      archiver: {
        archiveMode: 'on',
        lastArchivedTime: '2026-11-21T10:00:00.000Z',
        droppedAt: '2026-11-21T09:59:40.000Z',
      },
    }),
  };
  for (const [name, answer] of Object.entries(answers)) {
    assert.deepEqual(windowOf({ ...after, sidecars: new Map([['shop/orders-0', answer]]) }), known, name);
  }
  const anew = buildSidecarStatus({ clusterId: '42', storagePrefix: 's3://backups/shop/orders/15/42' });
  const initialised = { ...after, sidecars: new Map([['shop/orders-0', without(anew, 'archiver')]]) };
  assert.deepEqual(windowOf(initialised), [undefined, undefined]);
});

function without(status: SidecarStatus, key: keyof SidecarStatus): SidecarStatus {
  const { [key]: _left, ...rest } = status;
  return rest as SidecarStatus;
}

// isWorthWriting

const PROBE = { checkedAt: NOW, readable: true, writable: true };
const STATUS = statusOf(plan(buildWorld()));

function changed(change: (status: ProtectedDatabaseStatus) => void): ProtectedDatabaseStatus {
  const copy = structuredClone(STATUS);
  change(copy);
  return copy;
}

function archivedAt(time: string): ProtectedDatabaseStatus {
  return changed((status) => {
    status.lastArchivedWalTime = time;
    status.latestRestorableTime = time;
    Object.assign(status.instances?.[0] ?? {}, { latestRestorableTime: time });
    const archiver = status.instances?.[0]?.archiver;
    if (archiver) Object.assign(archiver, { lastArchivedTime: time, archivedCount: 99, lastArchivedWal: 'x' });
    for (const condition of status.conditions ?? []) if (condition.status === 'True') condition.message = 'another';
  });
}

const first = (status: ProtectedDatabaseStatus) => status.instances?.[0] ?? assert.fail('there is no instance');
const said = (message: string) =>
  changed((status) => Object.assign(status.conditions?.[0] ?? {}, { status: 'False', message }));

interface Writing {
  readonly previous?: ProtectedDatabaseStatus | undefined;
  readonly next: ProtectedDatabaseStatus;
  /** Of the look, in seconds after the last writing. */
  readonly after?: number;
  readonly expected: boolean;
}

const WRITING: Readonly<Record<string, Writing>> = {
  'there was no status': { previous: undefined, next: STATUS, expected: true },
  'nothing differs': { next: structuredClone(STATUS), after: 3600, expected: false },
  'what moves by itself moved, however long ago it was written': {
    next: changed((status) => {
      Object.assign(first(status).archiver ?? {}, { volumeFreeBytes: 7, walBytes: 7, volumeBytes: 7 });
    }),
    after: 3600,
    expected: false,
  },
  'the store was asked once more': {
    previous: changed((status) => Object.assign(first(status), { storage: PROBE })),
    next: changed((status) => Object.assign(first(status), { storage: { ...PROBE, checkedAt: 'later' } })),
    after: 3600,
    expected: false,
  },
  'the store was asked once more, and cannot be written to': {
    previous: changed((status) => Object.assign(first(status), { storage: PROBE })),
    next: changed((status) => Object.assign(first(status), { storage: { ...PROBE, writable: false } })),
    expected: true,
  },
  'only counters moved, within half a minute': { next: archivedAt(NOW), after: 29.999, expected: false },
  'counters moved, half a minute has gone': { next: archivedAt(NOW), after: 30, expected: true },
  'what is wrong is said in other words a moment later': { previous: said('a'), next: said('b'), expected: false },
  'what is wrong is said in other words, later': { previous: said('a'), next: said('b'), after: 30, expected: true },
  'a condition turned': {
    next: changed((status) => {
      for (const condition of status.conditions ?? []) condition.status = 'Unknown';
    }),
    expected: true,
  },
  'a backup came': {
    next: changed((status) => Object.assign(first(status), { lastSuccessfulBackup: { name: 'b', finishedAt: NOW } })),
    expected: true,
  },
  'archive_mode was turned off': {
    next: changed((status) => Object.assign(first(status).archiver ?? {}, { archiveMode: 'off' })),
    expected: true,
  },
  'WAL was let go': {
    next: changed((status) => Object.assign(first(status).archiver ?? {}, { droppedAt: NOW })),
    expected: true,
  },
};

for (const [name, row] of Object.entries(WRITING)) {
  const { next, after = 0, expected } = row;
  test(`a status is ${expected ? '' : 'not '}written when ${name}`, () => {
    const now = new Date(Date.parse(NOW) + after * 1000).toISOString();
    assert.equal(isWorthWriting('previous' in row ? row.previous : STATUS, next, now), expected);
  });
}
