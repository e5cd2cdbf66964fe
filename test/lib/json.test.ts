import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { cloneJson, isEqual, isObject, parseExactJson, shortHash, toStableJson } from '../../src/lib/json.ts';

/** Plain JSON, as a body has it. */
const json = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));

function reorder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reorder);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reorder(each)]),
  );
}

test('equality of JSON is that of the values, whatever the order of keys', () => {
  fc.assert(fc.property(json, (value) => assert.ok(isEqual(value, reorder(value)))));
  fc.assert(fc.property(json, json, (a, b) => assert.equal(isEqual(a, b), isDeepStrictEqual(a, b))));
});

test('things that look alike are not equal', () => {
  const pairs = [
    [{}, []],
    [null, {}],
    [0, '0'],
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], { length: 0 }],
    [{ toString: 1 }, { a: 1 }],
  ];
  for (const [a, b] of pairs) {
    assert.equal(isEqual(a, b), false, JSON.stringify([a, b]));
    assert.equal(isEqual(b, a), false, JSON.stringify([b, a]));
  }
});

test('equal values give equal bytes, and the bytes are their JSON', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(toStableJson(value), toStableJson(reorder(value)));
      assert.deepEqual(JSON.parse(toStableJson(value)), value);
    }),
  );
});

test('a key without a value does not count in stable JSON', () => {
  assert.equal(toStableJson({ b: undefined, a: [undefined, null] }), '{"a":[null,null]}');
});

test('the short hash is FNV-1a of the UTF-8 bytes', () => {
  for (const [text, hash] of [
    ['', '811c9dc5'],
    ['a', 'e40c292c'],
    ['foobar', 'bf9cf968'],
  ] as const) {
    assert.equal(shortHash(text), hash);
  }
  assert.match(shortHash('naïve ☃'), /^[0-9a-f]{8}$/);
});

test('a clone is equal and shares nothing', () => {
  fc.assert(
    fc.property(json, (value) => {
      const before = JSON.stringify(value);
      const copy = cloneJson(value);
      assert.deepEqual(copy, value);
      scribble(copy);
      assert.equal(JSON.stringify(value), before);
    }),
  );
});

/** Writes into every list and every object of it. */
function scribble(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(scribble);
    value.push('scribble');
  } else if (isObject(value)) {
    Object.values(value).forEach(scribble);
    value.scribble = true;
  }
}

test('a clone keeps __proto__ as the key that it is in JSON, and fields that are undefined', () => {
  const copy = cloneJson(JSON.parse('{"a":{"__proto__":{"polluted":true}}}'));
  assert.equal(JSON.stringify(copy), '{"a":{"__proto__":{"polluted":true}}}');
  assert.equal(copy.a.polluted, undefined);
  assert.ok('a' in cloneJson({ a: undefined }));
});

test('exact parsing keeps the digits of integers that a double would round, and nothing else', () => {
  const text =
    '{"id":7710449571138806557,"list":[9007199254740993,-9007199254740993,9007199254740991],"half":0.1,"big":1e300}';
  assert.deepEqual(parseExactJson(text), {
    id: '7710449571138806557',
    list: ['9007199254740993', '-9007199254740993', 9007199254740991],
    half: 0.1,
    big: 1e300,
  });
  fc.assert(
    fc.property(json, (value) => {
      const plain = JSON.stringify(value);
      fc.pre(!/\d{16}/.test(plain));
      assert.deepEqual(parseExactJson(plain), JSON.parse(plain));
    }),
  );
});
