import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackupRuns } from '../../src/agent/backup-runs.ts';
import type { Backup } from '../../src/api/protected-database.ts';

const NOW = '2026-11-21T10:00:00Z';
const BACKUP: Backup = { name: 'base_1', finishedAt: NOW };
const LATER: Backup = { name: 'base_2', finishedAt: NOW };

/** A backup that ends when it is told to. */
function pending() {
  const { promise, resolve, reject } = Promise.withResolvers<Backup>();
  let calls = 0;
  const make = () => {
    calls++;
    return promise;
  };
  return { make, resolve, reject, calls: () => calls };
}

// | a run of this job | one of another job runs | answer |

test('none of this job, none of another: a new run', async () => {
  const runs = createBackupRuns();
  const { make, resolve } = pending();
  assert.equal(runs.find('a'), undefined);
  assert.deepEqual(runs.ask('a', make, NOW), { kind: 'run', run: { state: 'running', startedAt: NOW } });
  resolve(BACKUP);
  await Promise.resolve();
  assert.deepEqual(runs.find('a'), { state: 'done', backup: BACKUP });
});

test('running, or good: that run, and no second one', async () => {
  const runs = createBackupRuns();
  const first = pending();
  const second = pending();
  runs.ask('a', first.make, NOW);
  assert.equal(runs.ask('a', second.make, NOW).kind, 'run');
  first.resolve(BACKUP);
  await Promise.resolve();
  assert.deepEqual(runs.ask('a', second.make, NOW), { kind: 'run', run: { state: 'done', backup: BACKUP } });
  assert.equal(second.calls(), 0);
});

test('one of another job runs: busy with that one, until it ends', async () => {
  const runs = createBackupRuns();
  const first = pending();
  const second = pending();
  runs.ask('a', first.make, NOW);
  assert.deepEqual(runs.ask('b', second.make, NOW), { kind: 'busy', with: 'a' });
  assert.equal(runs.find('b'), undefined);
  first.reject(new Error('no'));
  await new Promise(setImmediate);
  assert.equal(runs.ask('b', second.make, NOW).kind, 'run');
  assert.equal(second.calls(), 1);
});

test('failed: the next try begins anew', async () => {
  const runs = createBackupRuns();
  const first = pending();
  runs.ask('a', first.make, NOW);
  first.reject(new Error('the store is away'));
  await new Promise(setImmediate);
  assert.deepEqual(runs.find('a'), { state: 'failed', message: 'the store is away' });
  const second = pending();
  runs.ask('a', second.make, NOW);
  second.resolve(LATER);
  await new Promise(setImmediate);
  assert.deepEqual(runs.find('a'), { state: 'done', backup: LATER });
});

test('what is over is remembered for a while, not for ever', async () => {
  const runs = createBackupRuns();
  for (let run = 0; run < 30; run++) {
    runs.ask(`job-${run}`, async () => BACKUP, NOW);
    await new Promise(setImmediate);
  }
  assert.equal(runs.find('job-0'), undefined);
  assert.equal(runs.find('job-29')?.state, 'done');
  assert.equal(runs.find('job-15')?.state, 'done');
});
