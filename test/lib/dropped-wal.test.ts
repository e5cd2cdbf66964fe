import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleDropped } from '../../src/lib/dropped-wal.ts';

const AT = '2026-11-21T10:00:00.000Z';
const FINISHED = '2026-11-21T11:00:00Z';
const NOW = '2026-11-21T11:00:00Z';

/** | dropped | last base backup was begun | droppedAt stays | */
const ROWS: readonly (readonly [name: string, startedAt: string | undefined, stays: boolean])[] = [
  ['before, and finished after it', '2026-11-21T09:59:59Z', true],
  ['at that very moment', AT, true],
  ['after it', '2026-11-21T10:00:01Z', false],
  ['just now, by a clock that is a little ahead', '2026-11-21T11:01:00Z', false],
  ['in the future, by a clock that is wrong', '2026-11-21T11:01:01Z', true],
  ['nobody knows when', undefined, true],
];

for (const [name, startedAt, stays] of ROWS) {
  test(`a gap, and a base backup that was begun ${name}: ${stays ? 'open' : 'settled'}`, () => {
    const backup = { name: 'base_1', finishedAt: FINISHED, ...(startedAt === undefined ? {} : { startedAt }) };
    const settled = settleDropped({ waiting: 1, droppedAt: AT }, backup, NOW);
    assert.deepEqual(settled, stays ? { waiting: 1, droppedAt: AT } : { waiting: 1 });
  });
}

test('a gap without any base backup is open, and no gap is none', () => {
  assert.deepEqual(settleDropped({ droppedAt: AT }, undefined, NOW), { droppedAt: AT });
  assert.deepEqual(settleDropped({ waiting: 0 }, { name: 'b', startedAt: FINISHED, finishedAt: FINISHED }, NOW), {
    waiting: 0,
  });
});
