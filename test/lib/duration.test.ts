import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDurationSeconds } from '../../src/lib/duration.ts';

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
