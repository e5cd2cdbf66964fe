import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { LABEL, RESTORED_BY_ANNOTATION } from '../../src/api/names.ts';
import type { ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import type { Restore, RestoreStatus } from '../../src/api/restore.ts';
import type { Action } from '../../src/controller/action.ts';
import { planRestore } from '../../src/controller/plan-restore.ts';
import type { World } from '../../src/controller/world.ts';
import { decideMutation, decideValidation } from '../../src/inject/admission.ts';
import { isInjected } from '../../src/inject/strip.ts';
import { resolveSettings } from '../../src/policy/settings.ts';
import { injected } from '../support/injected.ts';
import { buildRestoreOf, TARGET_TIME } from '../support/subjects.ts';
import { buildWorkload } from '../support/workloads.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  buildJob,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  NOW,
  STORAGE_PREFIX,
} from '../support/world.ts';

const JOB = 'undo-restore';
const PLAN = { baseBackup: 'base_1', target: 'LSN 0/1', fetchBytes: 2048, dataBytes: 3 * 1024 ** 2 };
const CLAIM = 'data-orders-before-0';

function known(instances: NonNullable<ProtectedDatabase['status']>['instances']): ProtectedDatabase {
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'ProtectedDatabase',
    metadata: { name: 'orders', namespace: 'shop' },
    status: { ...(instances ? { instances } : {}) },
  };
}

const KNOWN = known([{ pod: 'orders-0', storagePrefix: STORAGE_PREFIX }]);

function worldOf(changes: Partial<World> = {}): World {
  return buildWorld({ databases: [KNOWN], restores: [buildRestoreOf()], ...changes });
}

function plan(world: World, restore: Restore = world.restores[0] ?? assert.fail()): Action[] {
  return planRestore(restore, world);
}

function statusOf(actions: readonly Action[]): RestoreStatus {
  const action = actions.find(({ verb }) => verb === 'apply-status') ?? assert.fail('no status is written');
  return action.object.status as RestoreStatus;
}

function claim(annotations: Record<string, string>): World['claims'][number] {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: CLAIM, namespace: 'shop', annotations },
    spec: {},
  };
}

const OURS = { [RESTORED_BY_ANNOTATION]: 'uid-of-undo' };

function statefulSet(annotations: Record<string, string>): StatefulSet {
  const workload = buildWorkload();
  workload.metadata = { name: 'orders-before', namespace: 'shop', annotations };
  return workload;
}

function assertFails(world: World, why: RegExp): void {
  const actions = plan(world);
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  const { phase, message, completedAt } = statusOf(actions);
  assert.equal(phase, 'Failed');
  assert.match(message ?? '', why);
  assert.equal(completedAt, NOW);
}

// decide: | destination | claim | job | step |

test("destination somebody else's, or an earlier Restore's of the same name: Failed, name another", () => {
  for (const annotations of [{}, { [RESTORED_BY_ANNOTATION]: 'uid-of-an-earlier-one' }]) {
    assertFails(
      worldOf({ statefulSets: [buildDatabase(), statefulSet(annotations)] }),
      /"orders-before" exists already; name another/,
    );
  }
});

test('destination absent, a foreign claim: Failed, name another, because it may hold data', () => {
  assertFails(
    worldOf({ claims: [claim({ app: 'orders' })] }),
    /"data-orders-before-0" exists already and may hold data/,
  );
});

test('destination absent, no claim, no job: Fetching, with a claim and a job', () => {
  const actions = plan(worldOf());
  assert.deepEqual(describeActions(actions), [
    'apply-status Restore/undo',
    `create PersistentVolumeClaim/${CLAIM}`,
    `create Job/${JOB}`,
  ]);
  assert.deepEqual(statusOf(actions), {
    phase: 'Fetching',
    message: `looking for what to fetch below ${STORAGE_PREFIX}`,
    target: TARGET_TIME,
    destination: 'statefulset/orders-before',
    storagePrefix: STORAGE_PREFIX,
    startedAt: NOW,
    phases: [{ phase: 'Fetching', startedAt: NOW }],
  });
});

test('destination absent, our claim, no job: only the job is made', () => {
  assert.deepEqual(describeActions(plan(worldOf({ claims: [claim(OURS)] }))), [
    'apply-status Restore/undo',
    `create Job/${JOB}`,
  ]);
});

/** The world in which the claim and the job are there and the status says Fetching. */
function fetching(job: Job['status'], more: Partial<World> = {}): World {
  const before = worldOf();
  const after = afterwards(before, plan(before));
  return { ...after, jobs: [buildJob(JOB, job)], now: '2026-11-21T10:05:00.000Z', ...more };
}

test('destination absent, our claim, job running: Fetching, and nothing is written again', () => {
  assert.deepEqual(plan(fetching({})), []);
  assert.deepEqual(plan(fetching({ conditions: [{ type: 'Failed', status: 'False' }] })), []);
});

test('the job of an earlier Restore of the same name is not taken for its own: that one had another target', () => {
  const world = fetching({}, { jobs: [buildJob(JOB, { succeeded: 1 }, 'uid-of-an-earlier-one')] });
  assert.deepEqual(
    describeActions(plan(world)).filter((each) => !each.startsWith('apply-status')),
    [`create Job/${JOB}`],
  );
});

const FAILED: Job['status'] = {
  failed: 1,
  conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }],
};

test("destination absent, our claim, job failed: Failed with the job's own message", () => {
  const message = JSON.stringify({ ok: false, message: 'no base backup was finished before then' });
  const pod = buildEndedPod('restore', JOB, { exitCode: 1, message });
  const world = fetching(FAILED, { pods: [buildPod(), pod] });
  assert.deepEqual(describeActions(plan(world)), ['apply-status Restore/undo']);
  const status = statusOf(plan(world));
  assert.equal(status.phase, 'Failed');
  assert.equal(status.message, 'no base backup was finished before then');
  assert.equal(status.storagePrefix, STORAGE_PREFIX, 'what was known stays');
});

test('a failed job without a report: Failed with what Kubernetes says', () => {
  assert.equal(statusOf(plan(fetching(FAILED))).message, 'BackoffLimitExceeded');
  const silent = fetching({ conditions: [{ type: 'Failed', status: 'True' }] });
  assert.equal(statusOf(plan(silent)).message, 'the restore job failed');
});

function succeeded(more: Partial<World> = {}): World {
  const message = JSON.stringify({ ok: true, plan: PLAN, durationMs: 1, note: 'mind' });
  const pod = buildEndedPod('restore', JOB, { exitCode: 0, message });
  return fetching({ succeeded: 1 }, { pods: [buildPod(), pod], ...more });
}

test('a claim alone, job succeeded: Completed, and nothing is started on it', () => {
  const restore = buildRestoreOf();
  const spec = { ...restore.spec, destination: { claim: 'copy' } };
  const actions = plan(succeeded({ restores: [{ ...restore, spec }] }));
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  const { phase, message } = statusOf(actions);
  assert.equal(phase, 'Completed');
  assert.match(
    message ?? '',
    /"copy" holds base backup base_1; .* recovers to LSN 0\/1\. Its StatefulSet needs the policy$/,
  );
});

test('from a prefix that is named: that one is read, without asking what is known or who runs', () => {
  const restore = buildRestoreOf();
  const storagePrefix = 's3://lost/shop/orders/15/42';
  const source = { database: 'orders', storagePrefix };
  const lost = { ...restore, spec: { ...restore.spec, source } };
  const begun = plan(worldOf({ databases: [], restores: [lost] }));
  const job = begun.find(({ object }) => object.kind === 'Job')?.object as Job;
  const { template } = job.spec as { template: StatefulSet['spec']['template'] };
  const env = new Map(template.spec.containers[0]?.env?.map(({ name, value }) => [name, value]));
  assert.deepEqual([env.get('WALGUARD_SOURCE_PREFIX'), env.get('WALGUARD_PGHOST')], [storagePrefix, undefined]);
});

test('while the job runs: its plan and its progress, written when they change', () => {
  const pod = { ...buildEndedPod('restore', JOB, { exitCode: 0, message: '' }), status: { phase: 'Running' } };
  const world = {
    ...fetching({}, { pods: [buildPod(), pod] }),
    progress: { plan: PLAN, bytes: 1024 ** 2, seconds: 2 },
  };
  const { plan: told, message } = statusOf(plan(world));
  assert.deepEqual(told, PLAN);
  assert.equal(
    message,
    'fetching base backup base_1 (2.00 KiB to fetch, 3.00 MiB of data), then WAL up to LSN 0/1: 1.00 MiB of about 3.00 MiB, 512 KiB/s, 4s left',
  );
  for (const silent of [{}, 'the sidecar does not answer: x'])
    assert.deepEqual(describeActions(plan({ ...world, progress: silent })), []);
});

test('only the plan: no claim is made, and at the end the status has it', () => {
  const restore = buildRestoreOf();
  const restores = [{ ...restore, spec: { ...restore.spec, planOnly: true } }];
  const begun = plan(worldOf({ restores }));
  assert.deepEqual(describeActions(begun), ['apply-status Restore/undo', `create Job/${JOB}`]);
  assert.doesNotMatch(JSON.stringify(begun[1]?.object), /persistentVolumeClaim/);
  const ended = plan(succeeded({ restores }));
  assert.deepEqual(describeActions(ended), ['apply-status Restore/undo']);
  assert.deepEqual([statusOf(ended).phase, statusOf(ended).plan], ['Completed', PLAN]);
  assert.match(statusOf(ended).message ?? '', /^it would read base backup base_1/);
});

test('without a start the StatefulSet is made with no replicas, and that is the end', () => {
  const restore = buildRestoreOf();
  const stopped = { ...restore, spec: { ...restore.spec, autoStart: false } };
  const world = succeeded({ restores: [stopped] });
  const actions = plan(world);
  assert.equal((actions[1]?.object as StatefulSet | undefined)?.spec.replicas, 0);
  const then = plan(afterwards(world, actions));
  assert.deepEqual(describeActions(then), ['apply-status Restore/undo']);
  assert.match(statusOf(then).message ?? '', /scale statefulset orders-before --replicas=1$/);
});

test('destination absent, our claim, job succeeded: Replaying, with an injected StatefulSet', () => {
  const actions = plan(succeeded());
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo', 'create StatefulSet/orders-before']);
  const created = actions[1]?.object as StatefulSet;
  assert.ok(isInjected(created), 'the replay needs the sidecar, whether the webhook is up or not');
  assert.equal(created.metadata.labels?.[LABEL.restore], 'undo');
  assert.deepEqual(statusOf(actions), {
    phase: 'Replaying',
    message: 'creating StatefulSet "orders-before"',
    destination: 'statefulset/orders-before',
    storagePrefix: STORAGE_PREFIX,
    startedAt: NOW,
    fetchedAt: '2026-11-21T10:05:00.000Z',
    plan: PLAN,
    baseBackup: 'base_1',
    target: 'LSN 0/1',
    note: 'mind',
    phases: [
      { phase: 'Fetching', startedAt: NOW },
      { phase: 'Replaying', startedAt: '2026-11-21T10:05:00.000Z' },
    ],
  });
});

test('where only a folder was named the status has the cluster that was found in it', () => {
  const restore = buildRestoreOf();
  const source = { database: 'orders', storagePrefix: 's3://lost/shop/orders' };
  const restores = [{ ...restore, spec: { ...restore.spec, source } }];
  const found = 's3://lost/shop/orders/15/42';
  const message = JSON.stringify({ ok: true, storagePrefix: found, plan: PLAN, durationMs: 1 });
  const pods = [buildPod(), buildEndedPod('restore', JOB, { exitCode: 0, message })];
  assert.equal(statusOf(plan(succeeded({ restores, pods }))).storagePrefix, found);
});

test('what the controller creates is already as the webhook would make it', () => {
  const created = plan(succeeded())[1]?.object as StatefulSet;
  const world = buildWorld();
  const settings = resolveSettings('standard', world.policies[0]?.spec ?? assert.fail());
  const input = { workload: created, old: undefined, image: world.image, settings, today: '2026-11-21' };
  assert.deepEqual(decideMutation(input).workload, created);
  assert.equal(decideValidation(input).code, 'protected');
});

/** The world in which the StatefulSet is there, and its sidecar says so. */
function replaying(answer: SidecarStatus | string | undefined): World {
  const before = succeeded();
  const after = afterwards(before, plan(before));
  const sidecars = new Map(answer === undefined ? [] : [['shop/orders-before-0', answer] as const]);
  return { ...after, sidecars, now: '2026-11-21T10:10:00.000Z' };
}

const REPLAYING: Readonly<Record<string, readonly [answer: SidecarStatus | string | undefined, message: RegExp]>> = {
  'its pod does not exist yet': [undefined, /^replaying WAL; the pod does not exist yet$/],
  'its sidecar does not answer': ['the sidecar does not answer: x', /^replaying WAL; the sidecar does not answer/],
  'Postgres is down': [buildSidecarStatus({ postgres: 'down' }), /^replaying WAL$/],
  'Postgres recovers': [buildSidecarStatus({ inRecovery: true }), /^replaying WAL$/],
  'it is not known whether Postgres recovers': [
    { database: 'a', pod: 'b', daemon: 'running', postgres: 'up' },
    /^replaying WAL$/,
  ],
};

for (const [name, [answer, message]] of Object.entries(REPLAYING)) {
  test(`destination ours, ${name}: Replaying, written once at most`, () => {
    const world = replaying(answer);
    const actions = plan(world);
    assert.ok(actions.every(({ verb }) => verb === 'apply-status'));
    const after = afterwards(world, actions);
    const status = after.restores[0]?.status;
    assert.equal(status?.phase, 'Replaying');
    assert.match(status?.message ?? '', message);
    assert.deepEqual(plan(after), []);
  });
}

test('a replay during which Postgres ended says how often, and how to see why', () => {
  const world = replaying(buildSidecarStatus({ postgres: 'down' }));
  const pod = {
    ...buildPod('orders-before-0'),
    status: { containerStatuses: [{ name: 'postgres', restartCount: 2 }] },
  };
  assert.equal(
    statusOf(plan({ ...world, pods: [pod] })).message,
    'replaying WAL; Postgres has ended 2 times, see: kubectl -n shop logs orders-before-0 -c postgres --previous',
  );
});

test('a replay without the store says so, and what the store said', () => {
  const storage = { checkedAt: NOW, readable: false, writable: false, message: 'it does not answer' };
  const world = replaying(buildSidecarStatus({ inRecovery: true, storage }));
  assert.equal(statusOf(plan(world)).message, 'replaying WAL; the store cannot be read: it does not answer');
});

test('a recovery in an init container that ended is told as well; what the sidecar does is not', () => {
  const world = replaying(buildSidecarStatus({ postgres: 'down' }));
  const status = {
    initContainerStatuses: [
      { name: 'walguard', restartCount: 4 },
      { name: 'walguard-recover', restartCount: 1 },
    ],
    containerStatuses: [{ name: 'postgres', restartCount: 0 }],
  };
  const pod = { ...buildPod('orders-before-0'), status };
  assert.match(
    statusOf(plan({ ...world, pods: [pod] })).message ?? '',
    /ended 1 times, .* -c walguard-recover --previous/,
  );
});

test('destination ours, promoted: Completed, with the last transaction that came back', () => {
  const world = replaying(buildSidecarStatus({ lastReplayedTime: '2026-11-21T09:40:59.900Z' }));
  const status = statusOf(plan(world));
  assert.equal(status.phase, 'Completed');
  assert.equal(status.completedAt, '2026-11-21T10:10:00.000Z');
  assert.equal(status.lastReplayedTime, '2026-11-21T09:40:59.900Z');
  assert.equal(status.fetchedAt, '2026-11-21T10:05:00.000Z');
  assert.equal(status.baseBackup, 'base_1');
});

test('destination ours, promoted on the old timeline: it has replayed past the target, so Failed', () => {
  const world = replaying(buildSidecarStatus({ timeline: 1 }));
  const [restore] = world.restores;
  if (restore?.status) restore.status = { ...restore.status, baseBackup: 'base_000000010000000000000003' };
  const status = statusOf(plan(world));
  assert.equal(status.phase, 'Failed');
  assert.match(status.message ?? '', /replayed past the target; delete the new StatefulSet with its claim/);
  const good = replaying(buildSidecarStatus({ timeline: 2 }));
  if (good.restores[0]?.status) good.restores[0].status.baseBackup = 'base_000000010000000000000003';
  assert.equal(statusOf(plan(good)).phase, 'Completed');
});

test('a restore that has ended is left alone, whatever becomes of its objects', () => {
  for (const phase of ['Completed', 'Failed'] as const) {
    const restore = { ...buildRestoreOf(), status: { phase } };
    assert.deepEqual(plan(worldOf({ restores: [restore], statefulSets: [] })), []);
  }
});

const IMPOSSIBLE: Readonly<Record<string, readonly [change: Partial<World>, why: RegExp]>> = {
  'the source does not exist': [{ statefulSets: [] }, /"orders" does not exist in this namespace/],
  'the source is in another namespace': [
    { statefulSets: [buildDatabase(({ metadata }) => void Object.assign(metadata, { namespace: 'other' }))] },
    /"orders" does not exist in this namespace/,
  ],
  'the policy does not exist': [{ policies: [] }, /the BackupPolicy "standard" does not exist/],
  'nothing is known of the source': [{ databases: [] }, /nothing is known of where "orders" archives/],
  'no cluster of the source is known': [{ databases: [known([{ pod: 'orders-0' }])] }, /nothing is known/],
};

for (const [name, [change, why]] of Object.entries(IMPOSSIBLE)) {
  test(`Failed where ${name}`, () => assertFails(worldOf(change), why));
}

test('where the pods are several clusters, the one that is named is fetched, also when it was scaled away', () => {
  const other = 's3://backups/shop/orders/15/42';
  const databases = [
    known([
      { pod: 'orders-0', clusterId: '7710449571138806556', storagePrefix: STORAGE_PREFIX },
      { pod: 'orders-1', clusterId: '42', storagePrefix: other, message: 'scaled away' },
    ]),
  ];
  assertFails(worldOf({ databases }), /2 clusters .*orders-0, orders-1/);
  const restore = buildRestoreOf();
  restore.spec.source.instance = 'orders-1';
  const actions = plan(worldOf({ databases, restores: [restore] }));
  assert.equal(statusOf(actions).storagePrefix, other);
  assert.match(JSON.stringify(actions), /"orders-1-walguard"/);
});

// A claim that is no template.

function withClaimVolume(): StatefulSet {
  const workload = buildWorkload({ policy: 'standard' });
  delete workload.spec.volumeClaimTemplates;
  workload.spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'files' } }];
  return injected(workload);
}

const FILES: World['claims'][number] = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'files', namespace: 'shop' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '3Gi' } }, volumeName: 'pv' },
};

test("where the data are in a claim of the user's own, the new claim is made from that one", () => {
  const actions = plan(worldOf({ statefulSets: [withClaimVolume()], claims: [FILES] }));
  assert.deepEqual(describeActions(actions).slice(1), [
    'create PersistentVolumeClaim/orders-before-data',
    `create Job/${JOB}`,
  ]);
  const made = actions[1]?.object as KubeObject & { spec: object };
  assert.deepEqual(made.spec, { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '3Gi' } } });
});

test('Failed where that claim is gone, or is in another namespace', () => {
  const elsewhere = { ...FILES, metadata: { ...FILES.metadata, namespace: 'other' } };
  for (const claims of [[], [elsewhere]]) {
    assertFails(worldOf({ statefulSets: [withClaimVolume()], claims }), /the claim of "orders-0" was not found/);
  }
});

test('a restore whose source can no longer be injected fails with the reason, after its data were fetched', () => {
  const source = buildDatabase(({ spec }) => {
    for (const container of spec.template.spec.containers) container.args = ['-c', 'archive_command=/bin/true'];
  });
  const status = statusOf(plan(succeeded({ statefulSets: [source] })));
  assert.equal(status.phase, 'Failed');
  assert.match(status.message ?? '', /archive-command-present/);
});

test('the whole way: from nothing to Completed, each step once', () => {
  const steps: string[][] = [];
  let world = worldOf();
  const step = (next: Partial<World>) => {
    world = { ...world, ...next };
    const actions = plan(world);
    steps.push(describeActions(actions).filter((each) => !each.startsWith('apply-status')));
    world = afterwards(world, actions);
  };
  step({});
  step({});
  step({ jobs: [buildJob(JOB, { succeeded: 1 })] });
  step({});
  step({ sidecars: new Map([['shop/orders-before-0', buildSidecarStatus({ inRecovery: true })]]) });
  step({ sidecars: new Map([['shop/orders-before-0', buildSidecarStatus()]]) });
  step({});
  assert.deepEqual(steps, [
    [`create PersistentVolumeClaim/${CLAIM}`, `create Job/${JOB}`],
    [],
    ['create StatefulSet/orders-before'],
    [],
    [],
    [],
    [],
  ]);
  assert.equal(world.restores[0]?.status?.phase, 'Completed');
});
