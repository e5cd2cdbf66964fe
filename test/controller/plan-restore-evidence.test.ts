// The evidence of a Restore that has come to its end: one test for each row of the table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, Pod } from '../../src/api/kubernetes.ts';
import type { ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { RestoreEvidenceReport } from '../../src/api/reports.ts';
import type { Restore, RestoreStatus } from '../../src/api/restore.ts';
import { restoreEvidenceName } from '../../src/companion/instance.ts';
import type { Action } from '../../src/controller/action.ts';
import { decide } from '../../src/controller/decide.ts';
import { listRestoreNews } from '../../src/controller/event-news.ts';
import { planRestoreEvidence } from '../../src/controller/plan-restore-evidence.ts';
import type { World } from '../../src/controller/world.ts';
import type { RestoreFacts } from '../../src/lib/evidence/restore.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  buildJob,
  buildWorld,
  describeActions,
  NOW,
  POLICY,
  STORAGE_PREFIX,
} from '../support/world.ts';

const NAME = restoreEvidenceName('undo', 'uid-of-undo');
const MADE = ['mint Secret/walguard-evidence', `create Job/${NAME}`];
const ENDED: RestoreStatus = { phase: 'Completed', message: 'done', startedAt: NOW, completedAt: NOW };

const restoreOf = (status: RestoreStatus, spec: Partial<Restore['spec']> = {}): Restore => {
  const restore = buildRestoreOf();
  return { ...restore, spec: { ...restore.spec, ...spec }, status };
};

const plan = (status: RestoreStatus, world: Partial<World> = {}, spec: Partial<Restore['spec']> = {}) =>
  planRestoreEvidence(restoreOf(status, spec), buildWorld(world));

function statusOf(actions: readonly Action[]): RestoreStatus {
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo']);
  return actions[0]?.object.status as RestoreStatus;
}

const job = (status: Job['status'] = {}) => ({
  ...buildJob(NAME, status),
  metadata: { ...buildJob(NAME).metadata, ownerReferences: [] },
});
const failedWith = (message: string): Job['status'] => ({
  conditions: [{ type: 'Failed', status: 'True', message }],
});
const pod = (report: RestoreEvidenceReport | undefined): Pod =>
  buildEndedPod('restore-evidence', NAME, {
    exitCode: report?.ok ? 0 : 1,
    ...(report ? { message: JSON.stringify(report) } : {}),
  });

const TABLE: Readonly<Record<string, readonly [actions: readonly Action[], expected: readonly string[]]>> = {
  'works on': [plan({ phase: 'Replaying' }), []],
  'has not begun': [plan({}), []],
  planOnly: [plan(ENDED, {}, { planOnly: true }), []],
  'its record is known': [plan({ ...ENDED, evidence: 'x' }), []],
  'why there is none is known': [plan({ ...ENDED, evidenceProblem: 'x' }), []],
  'its job runs': [plan(ENDED, { jobs: [job()] }), []],
  'its job succeeded, its pod is not told yet': [plan(ENDED, { jobs: [job({ succeeded: 1 })] }), []],
  'ended two days ago': [plan({ ...ENDED, completedAt: '2026-11-19T09:00:00Z' }), []],
  'ended at a time that is not known': [plan({ phase: 'Failed' }), []],
  'just completed': [plan(ENDED), MADE],
  'just failed': [plan({ ...ENDED, phase: 'Failed' }), MADE],
  'walguard makes no Secrets': [plan(ENDED, { makesSecrets: false }), MADE.slice(1)],
};

for (const [name, [actions, expected]] of Object.entries(TABLE)) {
  test(`${name}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(describeActions(actions), expected));
}

test('its job succeeded: the id; and what is not right with the record', () => {
  const read = (doubts: readonly string[]) =>
    statusOf(plan(ENDED, { jobs: [job({ succeeded: 1 })], pods: [pod({ ok: true, evidence: 'id-1', doubts })] }));
  assert.deepEqual(read([]), { ...ENDED, evidence: 'id-1' });
  assert.deepEqual(read(['it is not signed']), { ...ENDED, evidence: 'id-1', evidenceProblem: 'it is not signed' });
});

test('its job failed: why there is none, and the end stays what it was', () => {
  const read = (pods: Pod[]) => statusOf(plan(ENDED, { jobs: [job(failedWith('DeadlineExceeded'))], pods }));
  assert.deepEqual(read([pod({ ok: false, message: 'the store is down' })]), {
    ...ENDED,
    evidenceProblem: 'the store is down',
  });
  assert.equal(read([pod(undefined)]).evidenceProblem, 'DeadlineExceeded');
  assert.equal(read([]).evidenceProblem, 'DeadlineExceeded');
});

test('one try failed, the next one wrote it: the id', () => {
  const pods = [pod({ ok: false, message: 'evicted' }), pod({ ok: true, evidence: 'id-1', doubts: [] })];
  assert.equal(statusOf(plan(ENDED, { jobs: [job({ succeeded: 1 })], pods })).evidence, 'id-1');
});

test('the source is gone, or has no policy: why there is none', () => {
  const unprotected = buildDatabase(({ metadata }) => {
    metadata.annotations = {};
  });
  for (const statefulSets of [[], [unprotected]])
    assert.match(
      statusOf(plan(ENDED, { statefulSets })).evidenceProblem ?? '',
      /^nothing tells where to keep it: StatefulSet "orders": /,
    );
});

const KNOWN: ProtectedDatabase = {
  apiVersion: 'walguard.dev/v1alpha1',
  kind: 'ProtectedDatabase',
  metadata: { name: 'orders', namespace: 'shop' },
  status: { instances: [{ pod: 'orders-0', storagePrefix: STORAGE_PREFIX }] },
};

function factsOf(actions: readonly Action[]): RestoreFacts {
  const { spec } = (actions.at(-1)?.object ?? assert.fail()) as unknown as {
    spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } };
  };
  const [container] = spec.template.spec.containers;
  return JSON.parse(container?.env.find(({ name }) => name === 'WALGUARD_RESTORE_FACTS')?.value ?? '');
}

test('the job is told of the source: its pod, where it archives, its policy and objectives', () => {
  const policies = [{ ...POLICY, spec: { ...POLICY.spec, objectives: { rto: '15m' } } }];
  const { database, policy, objectives, versions } = factsOf(plan(ENDED, { policies, databases: [KNOWN] }));
  assert.deepEqual([database.instance, database.storagePrefix, policy], ['orders-0', STORAGE_PREFIX, 'standard']);
  assert.deepEqual(objectives, { rtoSeconds: 900 });
  assert.match(versions.image ?? '', /postgres/);
});

test('where nothing is known of where it archives, that does not keep the record away', () => {
  const { database } = factsOf(plan({ ...ENDED, phase: 'Failed' }));
  assert.deepEqual([database.instance, database.storagePrefix], ['orders-0', '']);
});

const KEY = { kind: 'restore', namespace: 'shop', name: 'undo' } as const;

test('it is begun in the very look that sees the end, after the status', () => {
  const world = buildWorld({ databases: [KNOWN], restores: [buildRestoreOf('orders', 'orders')] });
  const actions = decide(KEY, world);
  assert.deepEqual(describeActions(actions), ['apply-status Restore/undo', ...MADE]);
  const after = afterwards(world, actions);
  assert.equal(after.restores[0]?.status?.phase, 'Failed');
  assert.deepEqual(decide(KEY, after), [], 'and once only');
});

test('an Event says where to see it, or what is wrong; each once', () => {
  const news = (before: RestoreStatus, after: RestoreStatus) =>
    listRestoreNews(before, after).map(({ reason, note }) => `${reason}: ${note}`);
  const kept = { ...ENDED, evidence: 'id-1' };
  assert.deepEqual(news(ENDED, kept), ['RestoreRecorded: evidence id-1; see: walguard drill report']);
  assert.deepEqual(news(kept, kept), []);
  assert.deepEqual(news(ENDED, { ...ENDED, evidenceProblem: 'the store is down' }), [
    'RestoreEvidenceProblem: its evidence: the store is down',
  ]);
});
