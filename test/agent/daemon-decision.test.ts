// When a daemon is started again, and when one that runs is ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DaemonSigns,
  type DaemonWatch,
  judgeDaemon,
  NOTHING_SEEN,
  pauseBeforeStart,
} from '../../src/agent/daemon-decision.ts';

test('the first start comes at once, then after 1, 2, 4 ... seconds, and never later than 30', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 50].map(pauseBeforeStart),
    [0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
});

const MINUTE = 60_000;
const NOW = 100 * MINUTE;
const signs = (changes: Partial<DaemonSigns> = {}): DaemonSigns => ({
  now: NOW,
  answers: true,
  isAsked: true,
  ...changes,
});
const waited = (minutes: number, restarts = 0): DaemonWatch => ({
  failedChecks: 0,
  oldest: { name: 'a', since: NOW - minutes * MINUTE },
  restarts,
});

/** Rows of the table in daemon-decision.ts, in its order. */
const ROWS: readonly (readonly [name: string, before: DaemonWatch, signs: DaemonSigns, restart: RegExp | undefined])[] =
  [
    ['no answer for the second time', { failedChecks: 1, restarts: 0 }, signs({ answers: false }), undefined],
    ['no answer for the third time', { failedChecks: 2, restarts: 0 }, signs({ answers: false }), /3 checks in a row/],
    ['an answer after two without', { failedChecks: 2, restarts: 0 }, signs(), undefined],
    ['nothing waits', waited(10), signs({ storeWroteAt: NOW }), undefined],
    ['another one waits now', waited(10), signs({ oldest: 'b', storeWroteAt: NOW }), undefined],
    ['the same waits for less than 3 minutes', waited(2.9), signs({ oldest: 'a', storeWroteAt: NOW }), undefined],
    [
      'longer, but Postgres does not ask',
      waited(9),
      signs({ oldest: 'a', storeWroteAt: NOW, isAsked: false }),
      undefined,
    ],
    ['longer, and nothing is known of the store', waited(9), signs({ oldest: 'a' }), undefined],
    [
      'longer, and the store took one before that',
      waited(9),
      signs({ oldest: 'a', storeWroteAt: NOW - 10 * MINUTE }),
      undefined,
    ],
    [
      'longer, and the store takes objects',
      waited(3),
      signs({ oldest: 'a', storeWroteAt: NOW }),
      /a has been next for 180 s/,
    ],
    [
      'a restart did not help: less than 6 minutes',
      waited(5.9, 1),
      signs({ oldest: 'a', storeWroteAt: NOW }),
      undefined,
    ],
    ['a restart did not help: 6 minutes', waited(6, 1), signs({ oldest: 'a', storeWroteAt: NOW }), /360 s/],
    [
      'twenty restarts did not help: at most each hour',
      waited(59, 20),
      signs({ oldest: 'a', storeWroteAt: NOW }),
      undefined,
    ],
    ['twenty restarts did not help: an hour', waited(60, 20), signs({ oldest: 'a', storeWroteAt: NOW }), /3600 s/],
  ];

for (const [name, before, given, restart] of ROWS) {
  test(`${name}: ${restart ? 'it is ended' : 'it is kept'}`, () => {
    const verdict = judgeDaemon(before, given);
    if (restart) assert.match(verdict.restart ?? 'kept', restart);
    else assert.equal(verdict.restart, undefined);
  });
}

test('what is next is watched from when it was first seen there, and a restart for it counts', () => {
  const first = judgeDaemon(NOTHING_SEEN, signs({ oldest: 'a' })).watch;
  assert.deepEqual(first, { failedChecks: 0, oldest: { name: 'a', since: NOW }, restarts: 0 });
  const later = signs({ now: NOW + 4 * MINUTE, oldest: 'a', storeWroteAt: NOW + MINUTE });
  const second = judgeDaemon(first, later).watch;
  assert.deepEqual(second, { failedChecks: 0, oldest: { name: 'a', since: later.now }, restarts: 1 });
  assert.equal(judgeDaemon(second, { ...later, oldest: 'b' }).watch.restarts, 0);
});
