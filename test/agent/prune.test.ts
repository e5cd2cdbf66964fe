import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertKept } from '../../src/agent/prune.ts';
import { decideRetention } from '../../src/lib/retention.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import { at, backupAt, carryOut, storeOf } from '../support/retention-story.ts';

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
