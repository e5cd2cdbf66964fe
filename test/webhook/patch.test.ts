import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { isEqual } from '../../src/lib/json.ts';
import { diffJson } from '../../src/webhook/patch.ts';

const ROWS: readonly [name: string, before: unknown, after: unknown, operations: Operation[]][] = [
  ['the same', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
  ['another value', { a: 1 }, { a: 2 }, [{ op: 'replace', path: '/x/a', value: 2 }]],
  ['another type', { a: [] }, { a: {} }, [{ op: 'replace', path: '/x/a', value: {} }]],
  ['null', { a: {} }, { a: null }, [{ op: 'replace', path: '/x/a', value: null }]],
  ['a field more', {}, { a: null }, [{ op: 'add', path: '/x/a', value: null }]],
  ['a field less', { a: 1 }, {}, [{ op: 'remove', path: '/x/a' }]],
  ['a field that is undefined', { a: 1 }, { a: undefined, b: undefined }, [{ op: 'remove', path: '/x/a' }]],
  [
    'keys that a pointer escapes',
    { 'a/b': 1 },
    { '~1': 1 },
    [
      { op: 'remove', path: '/x/a~1b' },
      { op: 'add', path: '/x/~01', value: 1 },
    ],
  ],
  [
    'items more',
    [1],
    [1, 2, 3],
    [
      { op: 'add', path: '/x/1', value: 2 },
      { op: 'add', path: '/x/2', value: 3 },
    ],
  ],
  [
    'items less, from the last on',
    [1, 2, 3],
    [1],
    [
      { op: 'remove', path: '/x/2' },
      { op: 'remove', path: '/x/1' },
    ],
  ],
  ['the whole', 1, 2, [{ op: 'replace', path: '/x', value: 2 }]],
];

for (const [name, before, after, operations] of ROWS) {
  test(`the patch of ${name}`, () => assert.deepEqual(diffJson(before, after, '/x'), operations));
}

/** What a pod template can be: without the keys that fast-json-patch refuses to write. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value): unknown => JSON.parse(JSON.stringify(value).replaceAll('"__proto__"', '"proto"')));

test('whatever the two are, the patch, sent as JSON and applied, makes one of the other, and neither is changed', () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const text = JSON.stringify([before, after]);
      const operations = JSON.parse(JSON.stringify(diffJson({ before }, { before: after }, '')));
      const patched = jsonPatch.applyPatch({ before: structuredClone(before) }, operations, true).newDocument;
      assert.ok(isEqual(patched, { before: after }));
      assert.equal(JSON.stringify([before, after]), text);
    }),
    { numRuns: 2000 },
  );
});

test('small changes of a value are a small patch', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), fc.string(), (before, key) => {
      assert.ok(diffJson(before, { ...before, [`new-${key}`]: 1 }, '').length <= 1);
    }),
  );
});
