import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Difference, listDifferences } from '../../src/lib/difference.ts';
import { isEqual } from '../../src/lib/json.ts';

interface Row {
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly differences: readonly Difference[];
}

const ROWS: readonly Row[] = [
  { name: 'nothing', before: { a: [1] }, after: { a: [1] }, differences: [] },
  {
    name: 'a key more',
    before: {},
    after: { a: 1 },
    differences: [{ kind: 'added', at: ['a'], path: ['a'], value: 1 }],
  },
  { name: 'a key less', before: { a: 1 }, after: {}, differences: [{ kind: 'removed', at: ['a'], value: 1 }] },
  {
    name: 'another value',
    before: { a: 1 },
    after: { a: { b: 2 } },
    differences: [{ kind: 'changed', at: ['a'], path: ['a'], before: 1, value: { b: 2 } }],
  },
  {
    name: 'an item in the middle less',
    before: ['a', 'b', 'c'],
    after: ['a', 'c'],
    differences: [{ kind: 'removed', at: [1], value: 'b' }],
  },
  {
    name: 'items in front and at the end more',
    before: ['b'],
    after: ['a', 'b', 'c', 'd'],
    differences: [
      { kind: 'added', at: [0], path: [0], value: 'a' },
      { kind: 'added', at: [1], path: [2], value: 'c' },
      { kind: 'added', at: [1], path: [3], value: 'd' },
    ],
  },
  {
    name: 'an item of the same name is entered, wherever it stands now',
    before: [{ name: 'x', v: 1 }, { name: 'gone' }],
    after: [{ name: 'new' }, { name: 'x', v: 2 }],
    differences: [
      { kind: 'added', at: [0], path: [0], value: { name: 'new' } },
      { kind: 'changed', at: [0, 'v'], path: [1, 'v'], before: 1, value: 2 },
      { kind: 'removed', at: [1], value: { name: 'gone' } },
    ],
  },
  {
    name: 'two mounts of one volume are two items',
    before: [{ name: 'x', mountPath: '/a' }],
    after: [
      { name: 'x', mountPath: '/b' },
      { name: 'x', mountPath: '/a' },
    ],
    differences: [{ kind: 'added', at: [0], path: [0], value: { name: 'x', mountPath: '/b' } }],
  },
];

for (const { name, before, after, differences } of ROWS) {
  test(name, () => assert.deepEqual(listDifferences(before, after), differences));
}

test('there is a difference exactly where the values are not equal', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(listDifferences(a, b).length === 0, isEqual(a, b));
      assert.deepEqual(listDifferences(a, structuredClone(a)), []);
    }),
  );
});
