import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity } from '../../src/lib/quantity.ts';

const ROWS: readonly (readonly [text: string, bytes: number | undefined])[] = [
  ['0', 0],
  ['123', 123],
  ['1Gi', 2 ** 30],
  ['1024Mi', 2 ** 30],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1G', 1e9],
  ['500k', 500_000],
  ['2Ti', 2 ** 41],
  ['1e9', 1e9],
  ['', undefined],
  ['large', undefined],
  ['1 Gi', undefined],
  ['1gi', undefined],
  ['-1Gi', undefined],
];

for (const [text, bytes] of ROWS) {
  test(`"${text}" is ${bytes ?? 'no size'}`, () => assert.equal(parseQuantity(text), bytes));
}
