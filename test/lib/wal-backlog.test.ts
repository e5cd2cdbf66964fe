import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addSample, estimateSecondsToFull, toSample, type WalSample } from '../../src/lib/wal-backlog.ts';

const MB = 1024 * 1024;

/** One look each ten seconds; sizes in segments of 16 MB. */
function series(wal: readonly number[], waiting: readonly number[]): WalSample[] {
  return wal.map((each, index) => ({
    at: index * 10_000,
    walBytes: each * 16 * MB,
    waitingBytes: (waiting[index] ?? 0) * 16 * MB,
  }));
}

/** Rows of the table in wal-backlog.ts, and their edges; 100 segments are free. */
const ROWS: readonly (readonly [name: string, wal: number[], waiting: number[], seconds: number | undefined])[] = [
  ['no look yet', [], [], undefined],
  ['one look', [5], [5], undefined],
  ['growth for less than half a minute', [5, 6, 7], [5, 6, 7], undefined],
  ['one segment in ten seconds', [5, 6, 7, 8], [1, 2, 3, 4], 1000],
  ['more waits than pg_wal grows: what was kept for reuse is used up', [5, 5, 5, 6], [1, 2, 3, 4], 3000],
  ['pg_wal grows more than what waits: a burst beside it', [5, 8, 11, 14], [1, 1, 2, 2], 3000],
  ['pg_wal grows, and no more waits: a burst', [5, 8, 11, 14], [1, 1, 1, 1], undefined],
  ['more waits, and pg_wal stays', [5, 5, 5, 5], [1, 2, 3, 4], undefined],
  ['it shrinks', [9, 8, 7, 6], [9, 8, 7, 6], undefined],
  ['up and down to the same', [5, 8, 7, 5], [5, 8, 7, 5], undefined],
];

for (const [name, wal, waiting, seconds] of ROWS) {
  test(`time to full, ${name}: ${seconds ?? 'none'}`, () => {
    assert.equal(estimateSecondsToFull(series(wal, waiting), 100 * 16 * MB), seconds);
  });
}

test('a full volume is full now', () => {
  assert.equal(estimateSecondsToFull(series([5, 6, 7, 8], [1, 2, 3, 4]), 0), 0);
});

test('the window forgets what is older than five minutes, and all when nothing waits', () => {
  const at = (minutes: number, waitingBytes: number) => ({ at: minutes * 60_000, walBytes: 0, waitingBytes });
  const grown = [0, 1, 2, 3, 4, 5, 6].reduce<readonly WalSample[]>((all, minute) => addSample(all, at(minute, 1)), []);
  assert.deepEqual(
    grown.map((each) => each.at / 60_000),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(addSample(grown, at(7, 0)), []);
});

test('a clock that was set back starts the window anew', () => {
  const later = { at: 90_000, walBytes: 0, waitingBytes: 1 };
  const earlier = { at: 1000, walBytes: 0, waitingBytes: 1 };
  assert.deepEqual(addSample([later], earlier), [earlier]);
});

test('what waits is counted in whole segments', () => {
  const backlog = { waiting: 3, segmentBytes: 16 * MB, walBytes: 7, volumeBytes: 9, volumeFreeBytes: 8 };
  assert.deepEqual(toSample(backlog, 5), { at: 5, walBytes: 7, waitingBytes: 48 * MB });
});

const bytes = fc.integer({ min: 0, max: 2 ** 40 });
const samples = fc.array(fc.record({ at: fc.integer({ min: 0, max: 600_000 }), walBytes: bytes, waitingBytes: bytes }));

test('an estimate is a whole number of seconds and never negative', () => {
  fc.assert(
    fc.property(samples, bytes, (given, free) => {
      const seconds = estimateSecondsToFull(given, free);
      assert.ok(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0), `${seconds}`);
    }),
  );
});

test('more free space never makes it sooner, and whether there is an estimate does not hang on it', () => {
  fc.assert(
    fc.property(samples, bytes, bytes, (given, free, more) => {
      const [less, longer] = [estimateSecondsToFull(given, free), estimateSecondsToFull(given, free + more)];
      assert.equal(less === undefined, longer === undefined);
      assert.ok((less ?? 0) <= (longer ?? 0));
    }),
  );
});

test('steady growth is foretold to the second, whatever the rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 0, max: 100_000 }), (perSecond, seconds) => {
      const steady = [0, 60].map((at) => ({ at: at * 1000, walBytes: at * perSecond, waitingBytes: at * perSecond }));
      const estimate = estimateSecondsToFull(steady, perSecond * seconds) ?? assert.fail('no estimate');
      assert.ok(Math.abs(estimate - seconds) <= 1, `${estimate} instead of ${seconds}`);
    }),
  );
});
