import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DumpCounts } from '../../src/lib/dump-counter.ts';
import { describeDatabases, findShrinking, nameDump, parseManifest, timeOfDump } from '../../src/lib/dump-manifest.ts';

test('a name tells when the dump was begun, and sorts by that', () => {
  const name = nameDump('2026-11-21T02:00:05.123Z', 'pg_dumpall');
  assert.equal(name, '20261121T020005Z-pg_dumpall');
  assert.equal(timeOfDump(name), Date.parse('2026-11-21T02:00:05Z'));
  assert.ok(nameDump('2026-11-21T02:00:05Z', 'pg_dumpall') < nameDump('2026-11-21T02:00:06Z', 'pg_dump'));
  for (const other of ['', 'lost+found', '20261121T020005Z', '20261321T020005Z-pg_dump', `${name}.old`, `x${name}`])
    assert.equal(timeOfDump(other), undefined, other);
});

test('only a manifest of a version that is known is read', () => {
  assert.deepEqual(parseManifest('{"version":1,"files":[]}'), { version: 1, files: [] });
  for (const text of ['{"version":2,"files":[]}', '{"files":[]}', '{}'])
    assert.throws(() => parseManifest(text), /version/);
  assert.throws(() => parseManifest('{"version":1,"fi'), SyntaxError);
});

// findShrinking: | before | rows now | rows | bytes | shrank |
const BEFORE = { name: 'before', rows: 1000, bytes: 1000 };
const SHRINKING = [
  ['none', undefined, { rows: 0, bytes: 10 }, false],
  ['the same', BEFORE, { rows: 1000, bytes: 1000 }, false],
  ['emptied, though its bytes are as ever', BEFORE, { rows: 0, bytes: 1000 }, true],
  ['empty as before', { ...BEFORE, rows: 0 }, { rows: 0, bytes: 1 }, false],
  ['less than half of both', BEFORE, { rows: 499, bytes: 499 }, true],
  ['half of both', BEFORE, { rows: 500, bytes: 500 }, false],
  ['packed better', BEFORE, { rows: 1000, bytes: 100 }, false],
  ['many small rows less', BEFORE, { rows: 100, bytes: 900 }, false],
] as const;

for (const [name, before, now, shrank] of SHRINKING) {
  test(`against the dump before: ${name}`, () => {
    const found = findShrinking(now, before);
    assert.equal(found !== undefined, shrank);
    if (found) assert.match(found, new RegExp(`it holds ${now.rows} rows .* where before holds 1000`));
  });
}

test('each database gets what was counted in it, whether the dump is of all or of each', () => {
  const part = (name: string | undefined, table: string) => ({
    name,
    tables: [{ name: table, rows: 1 }],
    extensions: [`of ${table}`],
  });
  const counts = (...databases: DumpCounts['databases']): DumpCounts => ({
    databases,
    roles: [],
    tables: 0,
    rows: 0,
    ending: 'cluster',
  });
  const whole = describeDatabases(
    [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    [{ counts: counts(part('b', 'x'), part('template1', 'y'), part('a', 'z')) }],
  );
  const each = describeDatabases(
    [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    [
      { database: 'a', counts: counts(part(undefined, 'z')) },
      { database: 'b', counts: counts(part('b', 'x')) },
      { database: 'c', counts: counts() },
    ],
  );
  assert.deepEqual(whole, each);
  assert.deepEqual(
    whole.map(({ name, tables }) => [name, ...tables.map((table) => table.name)]),
    [['a', 'z'], ['b', 'x'], ['c']],
  );
});
