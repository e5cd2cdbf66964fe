import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSchedule, parseSchedule } from '../../src/lib/cron.ts';
import { delayLeft, isSpread, pickDelaySeconds, spreadSchedule } from '../../src/lib/cron-spread.ts';

const KEYS = Array.from({ length: 200 }, (_, index) => `shop-${index % 10}/orders-${index}/base-backup`);

const SHAPES = [
  ['@hourly', /^\d+ \* \* \* \*$/],
  ['@daily', /^\d+ \d+ \* \* \*$/],
  ['@weekly', /^\d+ \d+ \* \* [0-6]$/],
  ['@monthly', /^\d+ \d+ ([1-9]|1\d|2[0-8]) \* \*$/],
] as const;

for (const [macro, shape] of SHAPES) {
  test(`${macro} becomes a fixed schedule that Kubernetes takes, the same each time`, () => {
    for (const key of KEYS) {
      const schedule = spreadSchedule(macro, key);
      assert.match(schedule, shape);
      assert.ok(isSchedule(parseSchedule(schedule)), schedule);
      assert.equal(spreadSchedule(macro, key), schedule);
    }
  });
}

test('no spread run lies in an hour over which clocks are put forward', () => {
  for (const macro of ['@daily', '@weekly', '@monthly']) {
    for (const key of KEYS) {
      const hour = Number(spreadSchedule(macro, key).split(' ')[1]);
      assert.ok(hour >= 4 && hour <= 23, `${key}: ${hour}`);
    }
  }
});

/** The most that fall together, of 200. */
function crowd(values: readonly unknown[]): number {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values());
}

test('two hundred databases of one policy do not start together', () => {
  // 200 over 60 minutes are 3.3 each; over the 1200 minutes of @daily they are nearly all alone.
  assert.ok(crowd(KEYS.map((key) => spreadSchedule('@hourly', key))) <= 10);
  assert.ok(crowd(KEYS.map((key) => spreadSchedule('@daily', key))) <= 4);
  assert.ok(crowd(KEYS.map((key) => spreadSchedule('@weekly', key).split(' ')[4])) <= 45);
  assert.ok(crowd(KEYS.map(pickDelaySeconds)) <= 10);
});

test('what names a moment keeps it', () => {
  for (const schedule of ['17 2 * * *', '@midnight', '@yearly', '@annually', '@every 24h', 'toString', '']) {
    assert.equal(spreadSchedule(schedule, 'shop/orders/base-backup'), schedule);
    assert.equal(isSpread(schedule), false);
  }
  assert.equal(isSpread('@daily'), true);
});

const MINUTE = 29_731_200;
const at = (seconds: number) => (MINUTE * 60 + seconds) * 1000;

// Job, delay, now in seconds after the scheduled minute, seconds to wait.
const DELAYS = [
  [`orders-0-base-backup-${MINUTE}`, 40, 3, 37],
  [`orders-0-base-backup-${MINUTE}`, 40, 40, 0],
  [`orders-0-base-backup-${MINUTE}`, 40, 500, 0],
  // A clock that goes wrong by minutes must not hold a backup up.
  [`orders-0-base-backup-${MINUTE}`, 40, -500, 0],
  ['orders-0-base-backup-a24467b2', 40, 3, 0],
  ['by-hand', 40, 3, 0],
  ['', 40, 3, 0],
] as const;

for (const [job, delay, now, left] of DELAYS) {
  test(`"${job}" with a delay of ${delay} s waits ${left} s at second ${now}`, () => {
    assert.equal(delayLeft(job, delay, at(now)), left);
  });
}
