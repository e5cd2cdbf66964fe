import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreInDoubt } from '../../src/agent/loop-storage.ts';
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

const GIB = 1024 ** 3;

/** | may let go | lets go | waiting | free GiB of 100 | seconds to full | in doubt | */
const DOUBTS = [
  [true, true, 0, 50, undefined, true],
  [true, false, 3, 50, undefined, false],
  [true, false, 3, 0.9, undefined, true],
  [true, false, 0, 0.9, undefined, false],
  [false, false, 3, 0.9, undefined, false],
  [true, false, 3, 50, 179, true],
  [true, false, 3, 50, 180, false],
] as const;

for (const [mayLetGo, isOn, waiting, free, secondsToFull, is] of DOUBTS) {
  const given = JSON.stringify({ mayLetGo, isOn, waiting, free, secondsToFull });
  test(`the store is ${is ? '' : 'not '}asked more often: ${given}`, () => {
    const backlog = { waiting, segmentBytes: 16 * 1024 ** 2, walBytes: GIB, volumeBytes: 100 * GIB };
    const wal = {
      backlog: { ...backlog, volumeFreeBytes: free * GIB },
      samples: [],
      ...(secondsToFull === undefined ? {} : { secondsToFull }),
    };
    assert.equal(isStoreInDoubt({ care: { mayLetGo, shutdownSeconds: 25 } }, { lettingGo: { isOn }, wal }), is);
  });
}
