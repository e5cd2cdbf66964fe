import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONDITION_REASONS, EVENT_REASONS, type EventReason } from '../../src/api/event-reasons.ts';
import type { Condition, KubeObject } from '../../src/api/kubernetes.ts';
import type { Instance, ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import { RESTORE_PHASES } from '../../src/api/restore/status.ts';
import { listDatabaseNews, listRestoreNews } from '../../src/controller/event-news.ts';
import { buildEvent, createEvents } from '../../src/controller/events.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { KubeError } from '../../src/kube/client.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { until } from '../support/processes.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { buildDatabase, buildWorld, NOW } from '../support/world.ts';

function condition(type: string, status: Condition['status'], reason = 'Because'): Condition {
  return { type, status, reason, message: `it is ${status}`, lastTransitionTime: NOW };
}

function statusOf(conditions: Condition[], ...instances: Instance[]): ProtectedDatabaseStatus {
  return { policy: 'standard', conditions, instances } as ProtectedDatabaseStatus;
}

const reasonsOf = (before: ProtectedDatabaseStatus | undefined, after: ProtectedDatabaseStatus) =>
  listDatabaseNews(before, after).map(({ reason }) => reason);

const T = 'ContinuousArchiving';
const CONDITIONS: readonly (readonly [Condition | undefined, Condition, EventReason | undefined])[] = [
  [undefined, condition(T, 'True'), 'ArchivingResumed'],
  [undefined, condition(T, 'False'), undefined],
  [undefined, condition(T, 'Unknown'), undefined],
  [undefined, condition('Protected', 'False', 'NotResolved'), 'PolicyNotResolved'],
  [condition('Protected', 'False', 'NoDrill'), condition('Protected', 'False', 'NotResolved'), 'PolicyNotResolved'],
  [condition('Protected', 'False', 'NotResolved'), condition('Protected', 'False', 'NotResolved'), undefined],
  [condition(T, 'True'), condition(T, 'True', 'Other'), undefined],
  [condition(T, 'True'), condition(T, 'False'), 'ArchivingStopped'],
  [condition(T, 'True'), condition(T, 'Unknown'), 'ArchivingUnknown'],
  [condition(T, 'False'), condition(T, 'True'), 'ArchivingResumed'],
  [condition('Fresh', 'True'), condition('Fresh', 'False'), 'ConditionBad'],
];

for (const [before, after, reason] of CONDITIONS) {
  test(`${after.type} from ${before?.status} to ${after.status} ${after.reason}: ${reason}`, () => {
    const known = before ? statusOf([before]) : undefined;
    assert.deepEqual(reasonsOf(known, statusOf([after])), reason ? [reason] : []);
  });
}

const POD: Instance = { pod: 'orders-0' };
const LATER = '2026-11-21T11:00:00.000Z';
const backup = (finishedAt: string) => ({ lastSuccessfulBackup: { name: `base_of_${finishedAt}`, finishedAt } });
const windows = (...starts: string[]) => ({
  inventory: {
    listedAt: NOW,
    baseBackups: 1,
    fullBackups: 1,
    recoveryWindows: starts.map((from) => ({ from, to: from })),
  },
});
const drills = (result: string, finishedAt: string) => ({
  lastDrills: [{ name: 'weekly', finishedAt, result, message: 'm' }],
});
const findings = [{ code: 'gap', message: 'WAL is missing.' }];

const INSTANCES: readonly (readonly [what: string, before: object, after: object, reasons: readonly EventReason[]])[] =
  [
    ['a first backup', {}, backup(NOW), ['BackupSucceeded']],
    ['the same backup', backup(NOW), backup(NOW), []],
    ['another backup', backup(NOW), backup(LATER), ['BackupSucceeded']],
    ['a bad backup', {}, { lastFailedBackup: { finishedAt: NOW, message: 'no space' } }, ['BackupFailed']],
    [
      'a verification',
      {},
      { lastVerification: { finishedAt: NOW, result: 'passed', findings: [] } },
      ['VerificationPassed'],
    ],
    ['a finding', {}, { lastVerification: { finishedAt: NOW, result: 'failed', findings } }, ['VerificationFailed']],
    ['a prune of nothing', {}, { lastPrune: { finishedAt: NOW, kept: 3, removed: 0 } }, []],
    ['a prune', {}, { lastPrune: { finishedAt: NOW, kept: 3, removed: 1 } }, ['BackupsPruned']],
    ['a dump', {}, { lastDump: { finishedAt: NOW, name: 'd' } }, ['DumpSucceeded']],
    ['a small dump', {}, { lastDump: { finishedAt: NOW, name: 'd', shrank: 'half' } }, ['DumpSucceeded', 'DumpShrank']],
    ['a bad dump', {}, { lastFailedDump: { finishedAt: NOW, message: 'x' } }, ['DumpFailed']],
    ['a drill that passed', {}, drills('passed', NOW), ['DrillSucceeded']],
    ['a drill that failed', drills('passed', NOW), drills('failed', LATER), ['DrillFailed']],
    ['a drill that could not run', drills('passed', NOW), drills('unknown', LATER), ['DrillCouldNotRun']],
    ['the same drill', drills('passed', NOW), drills('passed', NOW), []],
    ['a drill that the policy dropped', drills('passed', NOW), {}, []],
    ['a new window', windows(NOW), windows(NOW, LATER), ['WalGap']],
    ['a window that went with retention', windows(NOW, LATER), windows(LATER), []],
    ['WAL let go', { archiver: {} }, { archiver: { droppedAt: NOW } }, ['WalDropped']],
  ];

for (const [what, before, after, reasons] of INSTANCES) {
  test(`${what}: ${reasons.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(reasonsOf(statusOf([], { ...POD, ...before }), statusOf([], { ...POD, ...after })), reasons);
  });
}

test('what is known of a pod that is seen for the first time happened before', () => {
  assert.deepEqual(reasonsOf(undefined, statusOf([], { ...POD, ...backup(NOW) })), []);
});

test('each phase of a Restore is told once, and has a reason', () => {
  for (const phase of RESTORE_PHASES) {
    assert.ok(`Restore${phase}` in EVENT_REASONS);
    const [news, ...more] = listRestoreNews(undefined, { phase, message: 'so', startedAt: NOW });
    assert.deepEqual([news, more], [{ reason: `Restore${phase}`, note: 'so', at: NOW }, []]);
    assert.deepEqual(listRestoreNews({ phase }, { phase, message: 'other' }), []);
  }
});

test('every condition that a database can have says its changes in words of its own', () => {
  const world = buildWorld();
  const actions = planDatabase(world.statefulSets[0] ?? assert.fail(), world);
  const written = actions.find(({ verb }) => verb === 'apply-status')?.object.status as ProtectedDatabaseStatus;
  const types = (written.conditions ?? []).map(({ type }) => type);
  assert.ok(types.length >= 3);
  assert.deepEqual(
    types.filter((type) => !(type in CONDITION_REASONS)),
    [],
  );
});

test('reasons are words that Kubernetes takes, and those of conditions are of the list', () => {
  for (const reason of Object.keys(EVENT_REASONS)) assert.match(reason, /^[A-Z][A-Za-z]{1,127}$/);
  for (const each of Object.values(CONDITION_REASONS)) {
    assert.deepEqual([EVENT_REASONS[each.True], EVENT_REASONS[each.False]], ['Normal', 'Warning']);
  }
});

const NEWS = { reason: 'BackupFailed', note: 'x'.repeat(3000), at: NOW } as const;

test('an Event stands with the StatefulSet, is bounded, and the same occurrence has the same name', () => {
  const event = buildEvent(NEWS, buildDatabase(), undefined, 'i'.repeat(500), NOW) as KubeObject & { note: string };
  assert.deepEqual(event.regarding, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    namespace: 'shop',
    name: 'orders',
    uid: 'uid-of-orders',
  });
  assert.deepEqual([event.type, event.metadata.namespace, event.note.length], ['Warning', 'shop', 1000]);
  assert.equal(event.eventTime, '2026-11-21T10:00:00.000000Z');
  assert.equal((event.reportingInstance as string).length, 128);
  const nameOf = (news: Parameters<typeof buildEvent>[0]) =>
    buildEvent(news, buildDatabase(), undefined, 'other', LATER).metadata.name;
  assert.equal(nameOf(NEWS), event.metadata.name);
  assert.notEqual(nameOf({ ...NEWS, at: LATER }), event.metadata.name);
});

test('an Event that was told already is no trouble; one that cannot be written is said once in the log', async () => {
  const kube = createFakeKube();
  const { log, lines } = createRecordedLog();
  const events = createEvents({ kube, log, instance: 'i', now: () => 0 });
  events.tell([NEWS], buildDatabase());
  events.tell([NEWS], buildDatabase());
  await until('the Event', () => kube.objects.length === 1);
  assert.deepEqual(lines, []);
  kube.failWith(new KubeError(403, 'no right'));
  events.tell([{ ...NEWS, at: LATER }], buildDatabase());
  await until('the log', () => lines.length === 1);
});

test('an object has its share of Events, and gets more as time passes', async () => {
  const kube = createFakeKube();
  let now = 0;
  const events = createEvents({ kube, log: createRecordedLog().log, instance: 'i', now: () => now });
  const tell = (from: number) =>
    events.tell(
      Array.from({ length: 50 }, (_each, at) => ({ ...NEWS, at: `${from + at}` })),
      buildDatabase(),
    );
  tell(0);
  await until('a burst', () => kube.objects.length === 20);
  now = 120_000;
  tell(100);
  await until('two more', () => kube.objects.length === 22);
});
