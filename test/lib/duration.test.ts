import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDurationSeconds, parseDurationSeconds, toDuration } from '../../src/lib/duration.ts';

test('seconds, minutes, hours and days are read', () => {
  const rows = [
    ['1s', 1],
    ['60s', 60],
    ['15m', 900],
    ['6h', 21_600],
    ['7d', 604_800],
  ] as const;
  for (const [text, seconds] of rows) assert.equal(parseDurationSeconds(text), seconds, text);
});

test('anything else is refused, saying what is accepted', () => {
  for (const text of ['', '0s', '60', 's', '1.5h', '-1s', ' 1s', '1s\n', '1h30m', '1w', '01m', '1S']) {
    assert.throws(() => parseDurationSeconds(text), /write a whole number and s, m, h or d/, JSON.stringify(text));
  }
});

/** Seconds, as said, and as the API takes it. */
const ROWS: readonly (readonly [seconds: number, said: string, written: string])[] = [
  [1, '1s', '1s'],
  [90, '1m 30s', '90s'],
  [3600, '1h', '1h'],
  [36 * 3600, '1d 12h', '36h'],
  [86_400, '1d', '1d'],
  [47 * 3600, '1d 23h', '47h'],
  [49 * 3600, '2d 1h', '3d'],
  [7 * 86_400, '7d', '7d'],
  [31 * 86_400 + 3600, '31d 1h', '32d'],
  [31 * 86_400 + 3661, '31d 1h', '32d'],
];

test('a computed duration is said in two units at most, and written as the API takes it, never shorter', () => {
  for (const [seconds, said, written] of ROWS) {
    assert.equal(formatDurationSeconds(seconds), said);
    assert.equal(toDuration(seconds), written);
    assert.ok(parseDurationSeconds(written) >= seconds);
  }
  assert.equal(formatDurationSeconds(0.5), '0s');
});
