import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameDump } from '../../src/lib/dump-manifest.ts';
import { chooseExpired, findNewest, listDumps } from '../../src/lib/dump-retention.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const iso = (daysAgo: number) => new Date(NOW - daysAgo * DAY).toISOString();

/** @param touched days since its last object was written */
function objects(daysAgo: number, isGood: boolean, touched = daysAgo) {
  const name = nameDump(iso(daysAgo), 'pg_dumpall');
  const files = isGood ? ['cluster.sql.gz', 'manifest.json'] : ['cluster.sql.gz'];
  return files.map((file) => ({ path: `${name}/${file}`, bytes: 1, modifiedAt: iso(touched) }));
}

function expired(all: ReturnType<typeof objects>, keepDays: number): number[] {
  // One runs right now.
  const dumps = listDumps([...all, ...objects(0.1, false, 0)]);
  return chooseExpired(dumps, keepDays * 86_400, NOW).map(({ startedAt }) => (NOW - startedAt) / DAY);
}

// | dump | age | newest good one | goes |
test('good ones go when they are older than keep, torn ones when nothing changed for a day', () => {
  const all = [
    ...objects(9, true),
    ...objects(8, false),
    ...objects(7, true),
    ...objects(2, false, 0.5),
    ...objects(1.5, false),
    ...objects(1, true),
    ...objects(0.5, false),
  ];
  assert.deepEqual(expired(all, 7), [9, 8, 1.5]);
});

test('the newest good one stays, however old it is', () => {
  const all = [...objects(90, true), ...objects(80, true), ...objects(0.5, false)];
  assert.deepEqual(expired(all, 7), [90]);
  assert.equal(findNewest(listDumps(all))?.startedAt, NOW - 80 * DAY);
});

test('while keep has no end nothing good goes', () => {
  const all = [...objects(900, true), ...objects(1, true)];
  assert.deepEqual(expired(all, Number.POSITIVE_INFINITY), []);
});

test('what bears no name of a dump is never touched', () => {
  const strangers = ['lost+found/x', 'manifest.json', 'notes.txt', '2026/manifest.json'];
  const all = strangers.map((path) => ({ path, bytes: 1, modifiedAt: iso(900) }));
  assert.deepEqual(listDumps(all), []);
});

test('a clock that is far ahead of the store removes nothing, and is said', () => {
  const all = listDumps([...objects(9, true), ...objects(0.03, true)]);
  assert.throws(
    () => chooseExpired(all, 7 * 86_400, NOW),
    /by the clock of this node, .* by the store's clock; one of the two is wrong/,
  );
});
