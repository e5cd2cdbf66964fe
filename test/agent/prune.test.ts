import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertKept, pruneAfterBackup } from '../../src/agent/prune.ts';
import { carryOut, decideRetention } from '../../src/lib/retention.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import { SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';
import { readStoreContents } from '../../src/tools/store-contents.ts';
import { type DirectoryStore, makeDirectoryStore } from '../support/directory-engine.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { at, backupAt, storeOf } from '../support/retention-story.ts';

const BEFORE = storeOf([backupAt(1, 2), backupAt(2, 2), backupAt(3, 2)], 5);
const DECISION = decideRetention(BEFORE, { keepFull: 2, minFullBackups: 1, timeZone: 'Etc/UTC' }, at(5));
const AFTER = carryOut(BEFORE, DECISION);

const check = (after: StoreContents) => () => assertKept(BEFORE, DECISION, after);

test('what is left after a clean-up is what was to stay', () => {
  assert.doesNotThrow(check(AFTER));
  assert.doesNotThrow(check({ ...AFTER, segments: [...AFTER.segments, { name: 'x', bytes: 1, modifiedAt: at(5) }] }));
});

test('a kept backup that is gone, or lacks parts, or a byte of them, is said loudly', () => {
  const [second, ...others] = AFTER.backups;
  assert.ok(second);
  assert.throws(check({ ...AFTER, backups: others }), /gone from the store, although retention keeps it: base_/);
  assert.throws(check({ ...AFTER, backups: [{ ...second, parts: 2 }, ...others] }), /gone from the store/);
  assert.throws(
    check({ ...AFTER, backups: [{ ...second, storedBytes: second.storedBytes - 1 }, ...others] }),
    /gone from the store/,
  );
});

test('so is a segment, and a backup that is still there', () => {
  assert.throws(check({ ...AFTER, segments: AFTER.segments.slice(1) }), /gone .* keeps it: 00000001000000000000001B$/);
  assert.throws(check({ ...AFTER, segments: [] }), /and 65 more$/);
  assert.throws(check(BEFORE), /still in the store after it was removed: base_000000010000000000000003$/);
});

/** A full one each day, the last one now: the first one of the list is the oldest. */
async function fill({ put, age }: DirectoryStore, days: number): Promise<string[]> {
  const all = Array.from({ length: days }, (_, each) => ({ day: days - 1 - each, log: each + 1 }));
  for (const { day, log } of all) {
    const segment = `00000001000000000000000${log}`;
    const lsn = log * SEGMENT_BYTES;
    const time = new Date(Date.now() - day * 86_400_000 - 1000).toISOString();
    const sentinel = { LSN: lsn + 40, FinishLSN: lsn + 300, StartTime: time, FinishTime: time, CompressedSize: 1 };
    for (const [path, text] of [
      [`basebackups_005/base_${segment}/tar_partitions/part_001.tar`, 'x'],
      [`basebackups_005/base_${segment}_backup_stop_sentinel.json`, JSON.stringify(sentinel)],
      [`wal_005/${segment}`, 'x'],
    ] as const) {
      await put(path, text);
      await age(path, day * 1440);
    }
  }
  return all.map(({ log }) => `base_00000001000000000000000${log}`);
}

/** As the last step of the job that made the last of four base backups, where two are to stay. */
async function cleanUp(context: TestContext, onRemove: string, prepare = async (_: DirectoryStore) => {}) {
  const store = await makeDirectoryStore(context, onRemove);
  const names = await fill(store, 4);
  await prepare(store);
  const env = { PATH: process.env.PATH ?? '' };
  const { log } = createRecordedLog();
  const shelf = { engine: store.engine, log, env, segmentBytes: SEGMENT_BYTES, signal: new AbortController().signal };
  const contents = await readStoreContents(store.engine, env, SEGMENT_BYTES);
  const rules = { keepFull: 2, minFullBackups: 1, timeZone: 'Etc/UTC' };
  const terms = { rules, baseBackup: { schedule: '0 2 * * *', timeZone: 'Etc/UTC', deltaSteps: 0 } };
  const before = await store.list();
  const pruned = await pruneAfterBackup(shelf, contents, terms, names.at(-1) ?? '');
  const left = pruned.contents.backups.map(({ name }) => name);
  return { ...pruned, names, left, before, after: await store.list().catch(() => []) };
}

test('two of four go', async (context) => {
  const { outcome, names, left, after } = await cleanUp(context, '');
  assert.deepEqual([outcome.ok, left], [true, names.slice(2)]);
  assert.equal(after.length, 6);
});

test('one that fails in the middle tells of what is left, and of no more', async (context) => {
  const refuse = 'case "$3" in *02_backup*) echo AccessDenied >&2; exit 1 ;; esac';
  const { outcome, names, left } = await cleanUp(context, refuse);
  assert.match(outcome.ok ? '' : outcome.message, /st rm \S+02_backup_stop_sentinel.json failed .*AccessDenied/);
  assert.deepEqual(left, names.slice(1));
});

test('where the store answers no more, all is taken for gone that was to go', async (context) => {
  const { outcome, names, left, contents } = await cleanUp(
    context,
    'rm -r "$PWD"; echo "connection refused" >&2; exit 1',
  );
  assert.equal(outcome.ok, false);
  assert.deepEqual(left, names.slice(2));
  assert.deepEqual(
    contents.segments.map(({ name }) => `base_${name}`),
    names.slice(2),
  );
});

test('a clock that is ahead of the store, or a newer timeline in it: nothing goes', async (context) => {
  const ahead = await cleanUp(context, '', async ({ list, age }) => {
    for (const path of await list()) await age(path, 120);
  });
  assert.match(
    ahead.outcome.ok ? '' : ahead.outcome.message,
    /^nothing was removed: it is .* by the clock of this node/,
  );
  assert.deepEqual([ahead.after, ahead.left], [ahead.before, ahead.names]);

  const history = '1\t0/3000028\tno recovery target specified\n';
  const stale = await cleanUp(context, '', ({ put }) => put('wal_005/00000002.history', history));
  assert.match(stale.outcome.ok ? '' : stale.outcome.message, /^nothing was removed: the store has timeline 2/);
  assert.deepEqual([stale.after, stale.left], [stale.before, stale.names]);
});
