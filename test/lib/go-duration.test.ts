import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGoDuration } from '../../src/lib/go-duration.ts';

/** As time.ParseDuration gives it, in seconds. */
const ROWS: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ['0', 0],
  ['-0', 0],
  ['1h30m', 5400],
  ['1.5h', 5400],
  ['.5h', 1800],
  ['1.h', 3600],
  ['+5s', 5],
  ['-1h', -3600],
  ['1h1h', 7200],
  ['100ms', 0.1],
  ['2562047h47m16.854775807s', 9_223_372_036.854776],
  ['2562047h47m16.854775808s', undefined],
  ['', undefined],
  ['-', undefined],
  ['.', undefined],
  ['.h', undefined],
  ['1', undefined],
  ['1d', undefined],
  ['1h ', undefined],
  ['1h-5m', undefined],
  ['--1h', undefined],
  ['1e3s', undefined],
];

for (const [text, seconds] of ROWS) {
  test(`"${text}" is ${seconds ?? 'refused'}`, () => {
    const parsed = parseGoDuration(text);
    assert.equal(parsed === undefined ? undefined : parsed + 0, seconds);
  });
}
