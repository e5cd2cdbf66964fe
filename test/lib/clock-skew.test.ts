import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasBeen } from '../../src/lib/clock-skew.ts';

const NOW = '2026-11-21T10:00:00.000Z';

/** | time | has been | */
const ROWS = [
  ['2026-11-20T10:00:00Z', true],
  [NOW, true],
  ['2026-11-21T10:01:00.000Z', true],
  ['2026-11-21T10:01:00.001Z', false],
  ['2027-01-20T10:00:00Z', false],
  ['2026-11-21T12:00:30+02:00', true],
  ['soon', false],
  [undefined, false],
] as const;

for (const [time, is] of ROWS) {
  test(`at ${NOW}, ${time} ${is ? 'has been, as far as clocks agree' : 'has not been'}`, () =>
    assert.equal(hasBeen(time, NOW), is));
}
