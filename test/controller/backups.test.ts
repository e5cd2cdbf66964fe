import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../src/api/kubernetes.ts';
import { readBackups } from '../../src/controller/backups.ts';
import { buildEndedPod, buildGoodReport, type Ending, NOW, SYSTEM_IDENTIFIER } from '../support/world.ts';

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;

/** The store's oldest backup is that of minute 1, unless it was pruned. */
function good(minute: number, first = 1): Pod {
  const job = `job-${minute}`;
  const message = buildGoodReport(`base_${minute}`, at(minute), SYSTEM_IDENTIFIER, at(first));
  return buildEndedPod('base-backup', job, { exitCode: 0, message, finishedAt: at(minute) });
}

function bad(minute: number, ending: Partial<Ending> = {}): Pod {
  const message = JSON.stringify({ ok: false, message: `broken at ${minute}` });
  return buildEndedPod('base-backup', `job-${minute}`, { exitCode: 1, message, finishedAt: at(minute), ...ending });
}

function read(pods: readonly Pod[], known = {}) {
  return readBackups(pods, 'orders-0', SYSTEM_IDENTIFIER, known, NOW);
}

test('the newest good run and the newest bad run are read, in whatever order the pods come', () => {
  const expected = {
    firstRecoverabilityPoint: at(1),
    lastSuccessfulBackup: { name: 'base_20', finishedAt: at(20), job: 'job-20' },
    lastFailedBackup: { finishedAt: at(30), job: 'job-30', message: 'broken at 30' },
  };
  const pods = [good(10), bad(30), good(20), bad(5)];
  assert.deepEqual(read(pods), expected);
  assert.deepEqual(read(pods.reverse()), expected);
});

test('what was known stands until something newer comes, also when its pod is gone', () => {
  const known = {
    firstRecoverabilityPoint: at(12),
    lastSuccessfulBackup: { name: 'base_15', finishedAt: at(15), job: 'old' },
    lastFailedBackup: { finishedAt: at(40), job: 'old', message: 'known' },
  };
  assert.deepEqual(read([], known), known);
  assert.deepEqual(read([good(13), bad(30)], known), known);
  assert.equal(read([good(16)], known).lastSuccessfulBackup?.name, 'base_16');
  assert.equal(read([bad(41)], known).lastFailedBackup?.message, 'broken at 41');
});

test('the oldest backup is the one that the newest run saw in the store: older ones are pruned', () => {
  const firstOf = (pods: readonly Pod[], known = {}) => read(pods, known).firstRecoverabilityPoint;
  assert.equal(firstOf([good(20, 3), good(30, 12)], { firstRecoverabilityPoint: at(2) }), at(12));
  assert.equal(firstOf([], { lastSuccessfulBackup: { name: 'base_15', finishedAt: at(15), job: 'old' } }), at(15));
  assert.equal(firstOf([bad(20)]), undefined);
});

test('a backup that no run tells of any more counts, where the job saw it in the store', () => {
  const message = buildGoodReport('base_30', at(30), SYSTEM_IDENTIFIER, at(1));
  const pod = buildEndedPod('base-backup', 'job-30', { exitCode: 0, message, finishedAt: at(30) });
  assert.equal(read([pod], { firstRecoverabilityPoint: at(20) }).firstRecoverabilityPoint, at(1));
});

test('a good one of the future is not counted nor remembered, until its time has come', () => {
  const future = '2027-01-20T10:00:00.000Z';
  const message = buildGoodReport('base_future', future, SYSTEM_IDENTIFIER, at(1));
  const ahead = buildEndedPod('base-backup', 'job-x', { exitCode: 0, message, finishedAt: at(50) });
  assert.equal(read([good(10), ahead, good(20)]).lastSuccessfulBackup?.name, 'base_20');
  assert.deepEqual(read([ahead]), {});
  const known = { lastSuccessfulBackup: { name: 'base_future', finishedAt: future }, firstRecoverabilityPoint: future };
  assert.deepEqual(read([], known), {});
  assert.equal(read([good(10)], known).lastSuccessfulBackup?.name, 'base_10');
  const later = readBackups([good(10), ahead], 'orders-0', SYSTEM_IDENTIFIER, {}, future);
  assert.equal(later.lastSuccessfulBackup?.name, 'base_future');
});

test('nothing else of what is known gets in', () => {
  assert.deepEqual(read([], { pod: 'x', archiver: {} }), {});
});

test('a good run of another Postgres cluster does not count', () => {
  const message = buildGoodReport('base_1', at(1), '42');
  const other = buildEndedPod('base-backup', 'job', { exitCode: 0, message, finishedAt: at(1) });
  assert.deepEqual(read([other]), {});
  assert.deepEqual(readBackups([good(1)], 'orders-0', undefined, {}, NOW), {});
});

test('pods of other database pods, of other companions and of nobody do not count', () => {
  const ending = { exitCode: 0, message: buildGoodReport('base_1', at(1)), finishedAt: at(1) };
  const unlabelled = buildEndedPod('base-backup', 'job', ending);
  delete unlabelled.metadata.labels;
  const others = [
    buildEndedPod('base-backup', 'job', ending, 'orders-1'),
    buildEndedPod('restore', 'job', ending),
    unlabelled,
  ];
  assert.deepEqual(read(others), {});
});

test('a run that was skipped on a standby is neither a backup nor a failure', () => {
  const message = JSON.stringify({ ok: true, skipped: 'standby' });
  const skipped = buildEndedPod('base-backup', 'job', { exitCode: 0, message, finishedAt: at(1) });
  assert.deepEqual(read([skipped]), {});
});

test('a run that has not ended says nothing', () => {
  const running = good(1);
  running.status = { containerStatuses: [{ name: 'base-backup', restartCount: 0, state: {} }] };
  assert.deepEqual(read([running]), {});
  delete running.status;
  assert.deepEqual(read([running]), {});
});

const UNREPORTED: Readonly<Record<string, Partial<Ending>>> = {
  'no message': { message: '', exitCode: 137, reason: 'OOMKilled' },
  'no JSON': { message: 'panic: out of memory', exitCode: 137, reason: 'OOMKilled' },
  'a message that contradicts the exit code': {
    message: buildGoodReport('base_1', at(1)),
    exitCode: 137,
    reason: 'OOMKilled',
  },
};

for (const [name, ending] of Object.entries(UNREPORTED)) {
  test(`a run that ends with ${name} has failed, and its code and reason are said`, () => {
    const { lastFailedBackup, lastSuccessfulBackup } = read([bad(7, ending)]);
    assert.equal(lastFailedBackup?.message, 'ended with code 137 (OOMKilled) and no report');
    assert.equal(lastFailedBackup?.finishedAt, at(7));
    assert.equal(lastSuccessfulBackup, undefined);
  });
}

test('a report of failure with exit code 0 is not believed either', () => {
  const { lastFailedBackup } = read([bad(7, { exitCode: 0 })]);
  assert.match(lastFailedBackup?.message ?? '', /ended with code 0 \(no reason\)/);
});
