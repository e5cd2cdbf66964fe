import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, isDue } from '../../src/agent/storage-schedule.ts';

const AT = 1_000_000;
const SETTLED: Asked = { atMs: AT, subject: 'a', isSettled: true };
const UNSETTLED: Asked = { ...SETTLED, isSettled: false };

/** | asked before | subject | milliseconds since | urgent | ask | */
const ROWS = [
  [undefined, 'a', 0, false, true],
  [SETTLED, 'b', 0, false, true],
  [SETTLED, 'a', 59_999, false, false],
  [SETTLED, 'a', 60_000, false, true],
  [SETTLED, 'a', 14_999, true, false],
  [SETTLED, 'a', 15_000, true, true],
  [UNSETTLED, 'a', 14_999, false, false],
  [UNSETTLED, 'a', 15_000, false, true],
] as const;

for (const [last, subject, since, isUrgent, due] of ROWS) {
  const given = last ? `${last.isSettled ? 'settled' : 'not settled'}, ${since} ms ago` : 'never asked';
  test(`${given}, ${subject === 'a' ? 'the same' : 'another'} subject, urgent ${isUrgent}: ${due ? 'ask' : 'wait'}`, () => {
    assert.equal(isDue(last, subject, AT + since, isUrgent), due);
  });
}
