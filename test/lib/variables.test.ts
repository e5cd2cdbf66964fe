import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, EnvVar } from '../../src/api/kubernetes.ts';
import { copyEntries, findEntry, readVariable, resolveVariable, type Variable } from '../../src/lib/variables.ts';

type Entry = readonly [name: string, value?: string];

const SECRET = { secretKeyRef: { name: 'orders', key: 'password' } };
const SOURCE = [{ configMapRef: { name: 'settings' } }];

/** An entry without a value has a reference to a Secret. */
function entry([name, value]: Entry): EnvVar {
  return value === undefined ? { name, valueFrom: structuredClone(SECRET) } : { name, value };
}

function withEntries(entries: readonly Entry[], envFrom?: Record<string, unknown>[]): Container {
  return { name: 'database', env: entries.map(entry), ...(envFrom ? { envFrom } : {}) };
}

/** What X is. A string is a known value. */
interface Row {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly x: string | 'unset' | 'unknown';
  readonly envFrom?: Record<string, unknown>[];
}

const ROWS: readonly Row[] = [
  { name: 'an absent one is unset', entries: [['Y', 'a']], x: 'unset' },
  { name: 'one that a source may set is unset in the manifest', entries: [], envFrom: SOURCE, x: 'unset' },
  { name: 'a plain value is taken as it is', entries: [['X', 'a b']], x: 'a b' },
  { name: 'an empty value is a value', entries: [['X', '']], x: '' },
  { name: 'a value from elsewhere is unknown', entries: [['X']], x: 'unknown' },
  {
    name: 'of two entries the last one wins',
    entries: [
      ['X', 'a'],
      ['X', 'b'],
    ],
    x: 'b',
  },
  { name: 'of two entries the last one wins, though it is unknown', entries: [['X', 'a'], ['X']], x: 'unknown' },
  {
    name: 'a reference is replaced',
    entries: [
      ['Y', '/data'],
      ['X', '$(Y)/pg'],
    ],
    x: '/data/pg',
  },
  {
    name: 'references of references are replaced',
    entries: [
      ['Z', 'a'],
      ['Y', '$(Z)b'],
      ['X', '$(Y)c$(Z)'],
    ],
    x: 'abca',
  },
  {
    name: "a reference to nothing here is unknown: it may be a Service's variable",
    entries: [['X', '$(Y)']],
    x: 'unknown',
  },
  {
    name: 'a reference to an entry below is not answered by it',
    entries: [
      ['X', '$(Y)'],
      ['Y', 'a'],
    ],
    x: 'unknown',
  },
  { name: 'a reference to itself is not answered by it', entries: [['X', '$(X):b']], x: 'unknown' },
  {
    name: 'a reference to its own name means the entry above',
    entries: [
      ['X', 'a'],
      ['X', '$(X):b'],
    ],
    x: 'a:b',
  },
  {
    name: 'a reference means the value above, not one that comes later',
    entries: [
      ['Y', 'above'],
      ['X', '$(Y)'],
      ['Y', 'below'],
    ],
    x: 'above',
  },
  { name: 'a reference to a value from elsewhere makes it unknown', entries: [['Y'], ['X', '$(Y)/pg']], x: 'unknown' },
  {
    name: 'a reference that a source may answer makes it unknown',
    entries: [['X', '$(Y)']],
    envFrom: SOURCE,
    x: 'unknown',
  },
  {
    name: 'an entry above wins over a source',
    entries: [
      ['Y', 'a'],
      ['X', '$(Y)'],
    ],
    envFrom: SOURCE,
    x: 'a',
  },
  { name: 'a source does not make a plain value unknown', entries: [['X', 'a']], envFrom: SOURCE, x: 'a' },
  {
    name: 'a doubled dollar is one dollar, and no reference',
    entries: [
      ['Y', 'a'],
      ['X', '$$(Y)'],
    ],
    x: '$(Y)',
  },
  {
    name: 'three dollars are a dollar and a reference',
    entries: [
      ['Y', 'a'],
      ['X', '$$$(Y)'],
    ],
    x: '$a',
  },
  {
    name: "a shell's own ways to write a variable are left",
    entries: [
      ['Y', 'a'],
      ['X', '$Y $' + '{Y} $(Y'],
    ],
    x: '$Y $' + '{Y} $(Y',
  },
  { name: 'a dollar at the end stays', entries: [['X', 'a$']], x: 'a$' },
  {
    name: 'names may have dots, dashes and digits',
    entries: [
      ['a.b-c_9', 'a'],
      ['X', '$(a.b-c_9)'],
    ],
    x: 'a',
  },
  {
    name: "what stands for a pattern's match in a value is text",
    entries: [
      ['Y', '$& $1'],
      ['X', '<$(Y)>'],
    ],
    x: '<$& $1>',
  },
];

function expected(x: string): Variable {
  return x === 'unset' || x === 'unknown' ? { kind: x } : { kind: 'value', value: x };
}

for (const { name, entries, envFrom, x } of ROWS) {
  test(`variable: ${name}`, () => {
    const container = withEntries(entries, envFrom);
    const before = structuredClone(container);
    assert.deepEqual(resolveVariable(container, 'X'), expected(x));
    assert.equal(readVariable(container, 'X'), ['unset', 'unknown', ''].includes(x) ? undefined : x);
    assert.deepEqual(container, before);
  });
}

test('values that double at each step, or refer through many, cost no more than they should', () => {
  const doubling = Array.from({ length: 16 }, (_, at): Entry => [`X${at + 1}`, `$(X${at})$(X${at})`]);
  assert.deepEqual(resolveVariable(withEntries([['X0', 'ab'], ...doubling]), 'X16'), { kind: 'unknown' });
  const chain = Array.from({ length: 20_000 }, (_, at): Entry => [`X${at + 1}`, `$(X${at})`]);
  assert.equal(readVariable(withEntries([['X0', 'ab'], ...chain]), 'X20000'), 'ab');
});

test('a container without variables has none', () => {
  for (const container of [{ name: 'a' }, { name: 'a', env: [] }, { name: 'a', env: null }] as Container[]) {
    assert.deepEqual(resolveVariable(container, 'X'), { kind: 'unset' });
    assert.equal(findEntry(container, 'X'), undefined);
    assert.deepEqual(copyEntries(container, ['X']), []);
  }
});

test('a number where a string should be is read as text', () => {
  const container = { name: 'a', env: [{ name: 'X', value: 5433 }] } as unknown as Container;
  assert.equal(readVariable(container, 'X'), '5433');
});

test('an entry with neither value nor source is empty', () => {
  assert.deepEqual(resolveVariable({ name: 'a', env: [{ name: 'X' }] }, 'X'), { kind: 'value', value: '' });
});

/** Which of the entries come along when X is asked for. */
const COPIES: readonly (readonly [name: string, entries: readonly Entry[], copied: readonly Entry[]])[] = [
  [
    'only what is asked for',
    [
      ['A', '1'],
      ['X', '2'],
    ],
    [['X', '2']],
  ],
  ['references to Secrets as they are', [['X']], [['X']]],
  [
    'every entry of the name, for the last one to win',
    [
      ['X', '1'],
      ['X', '2'],
    ],
    [
      ['X', '1'],
      ['X', '2'],
    ],
  ],
  ['what a value refers to, before it', [['A', '1'], ['B'], ['X', '$(B)']], [['B'], ['X', '$(B)']]],
  [
    'what that refers to in turn',
    [
      ['A', '1'],
      ['C', '0'],
      ['B', '$(A)'],
      ['X', '$(B)'],
    ],
    [
      ['A', '1'],
      ['B', '$(A)'],
      ['X', '$(B)'],
    ],
  ],
  [
    'what stands below too, where it still resolves to nothing',
    [
      ['X', '$(B)'],
      ['B', '1'],
    ],
    [
      ['X', '$(B)'],
      ['B', '1'],
    ],
  ],
  [
    'nothing for a doubled dollar',
    [
      ['B', '1'],
      ['X', '$$(B)'],
    ],
    [['X', '$$(B)']],
  ],
  ['nothing for a reference to nothing', [['X', '$(B)']], [['X', '$(B)']]],
];

for (const [name, entries, copied] of COPIES) {
  test(`copied entries: ${name}`, () => {
    const container = withEntries(entries);
    const copy = copyEntries(container, ['X', 'ABSENT']);
    assert.deepEqual(copy, copied.map(entry));
    const [first] = copy;
    if (first?.valueFrom) first.valueFrom.changed = true;
    if (first) first.name = 'changed';
    assert.deepEqual(container, withEntries(entries), 'the container is as it was');
  });
}

test('a copy resolves to what the container has', () => {
  for (const { entries } of ROWS) {
    const container = withEntries(entries);
    const copy = { name: 'copy', env: copyEntries(container, ['X']) };
    assert.deepEqual(resolveVariable(copy, 'X'), resolveVariable(container, 'X'));
  }
});
