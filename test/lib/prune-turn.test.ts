// The rows of decidePruneTurn's table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidePruneTurn } from '../../src/lib/prune-turn.ts';
import type { StoredBackup } from '../../src/lib/store-contents.ts';
import { at, backupAt, storeOf } from '../support/retention-story.ts';

/** Due at two each day; the backups of the story begin ten minutes after the hour. */
const DAILY = { schedule: '0 2 * * *', timeZone: 'Etc/UTC' };

function turn(backups: readonly StoredBackup[], now: string, baseBackup = DAILY) {
  return decidePruneTurn(storeOf(backups, 9), baseBackup, now);
}

test('made since it was due: prune', () => {
  assert.deepEqual(turn([backupAt(5, 2)], at(5, 12)), { kind: 'prune' });
  assert.deepEqual(turn([backupAt(5, 2, { parent: backupAt(4, 2).name }), backupAt(4, 2)], at(5, 12)), {
    kind: 'prune',
  });
});

test('one that began half a minute before it was due, by another clock: prune', () => {
  const startedAt = new Date(Date.parse(at(5, 2)) - 30_000).toISOString();
  assert.deepEqual(turn([backupAt(5, 2, { startedAt })], at(5, 12)), { kind: 'prune' });
});

test('due for less than twenty minutes, and not there: wait', () => {
  assert.deepEqual(turn([backupAt(4, 2)], at(5, 2.25)), { kind: 'wait' });
});

test('due for longer, and not there: leave, and say which one', () => {
  assert.deepEqual(turn([backupAt(4, 2)], at(5, 3)), {
    kind: 'leave',
    why: 'the base backup that was due at 2026-11-05T02:00:00Z was not made',
  });
});

test('a broken one is none, and one from the future neither', () => {
  assert.equal(turn([backupAt(4, 2), backupAt(5, 2, { parts: 0 })], at(5, 12)).kind, 'leave');
  const finishedAt = at(40, 1);
  assert.equal(turn([backupAt(4, 2), backupAt(5, 2, { startedAt: at(40), finishedAt })], at(5, 12)).kind, 'leave');
});

test('never due yet: any good one will do, and none will not', () => {
  const never = { schedule: '0 2 30 2 *', timeZone: 'Etc/UTC' };
  assert.equal(turn([backupAt(1, 2)], at(5, 12), never).kind, 'prune');
  assert.deepEqual(turn([], at(5, 12), never), { kind: 'leave', why: 'there is no good base backup' });
});
