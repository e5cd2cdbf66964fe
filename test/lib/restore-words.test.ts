import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestoreSpec } from '../../src/api/restore.ts';
import { formatBytes } from '../../src/lib/quantity.ts';
import { describeDestination, nameDestination } from '../../src/lib/restore-spec.ts';
import { describePlan, describeProgress } from '../../src/lib/restore-words.ts';

test('sizes in the unit that a person would take', () => {
  const rows = [0, 1023, 1024, 12_345_678, 999 * 1024 ** 2, 5.25 * 1024 ** 4].map(formatBytes);
  assert.deepEqual(rows, ['0 B', '1023 B', '1.00 KiB', '11.8 MiB', '999 MiB', '5.25 TiB']);
});

const MIB = 1024 ** 2;
const PLAN = { baseBackup: 'base_1', target: 'x', fetchBytes: MIB, dataBytes: 8 * MIB };

test('the plan: what is fetched, what is replayed, up to where', () => {
  assert.equal(describePlan(PLAN), 'base backup base_1 (1.00 MiB to fetch, 8.00 MiB of data), then WAL up to x');
  const wal = { walFrom: 'A', walTo: 'B', walSegments: 2, walBytes: 32 * MIB };
  assert.match(describePlan({ ...PLAN, ...wal }), /then WAL A to B \(2 segments, 32\.0 MiB\) up to x$/);
});

test('with what was measured the plan tells how long it will take', () => {
  assert.match(describePlan({ ...PLAN, estimatedSeconds: 754 }), / up to x, in about 12m 34s$/);
});

test('the rate and the rest once there is something to reckon with', () => {
  assert.equal(describeProgress(0, 8 * MIB, 5), '0 B of about 8.00 MiB');
  assert.equal(describeProgress(MIB, 8 * MIB, 0.2), '1.00 MiB of about 8.00 MiB');
  assert.equal(describeProgress(2 * MIB, 8 * MIB, 2), '2.00 MiB of about 8.00 MiB, 1.00 MiB/s, 6s left');
  assert.match(describeProgress(9 * MIB, 8 * MIB, 3), /, 0s left$/);
});

const DESTINATIONS: readonly [destination: RestoreSpec['destination'], name: string, words: string][] = [
  [{ statefulSet: 'before' }, 'statefulset/before', 'StatefulSet "before"'],
  [{ claim: 'data-copy-0' }, 'pvc/data-copy-0', 'PersistentVolumeClaim "data-copy-0"'],
  [{ inPlace: { confirm: 'orders' } }, 'statefulset/orders in place', 'the place of "orders" itself'],
  [{ database: { name: 'shop_b', of: 'shop' } }, 'database/shop_b', 'database "shop_b" of "orders"'],
];

for (const [destination, name, words] of DESTINATIONS) {
  test(`${name}, or in a sentence: ${words}`, () => {
    const spec = { source: { database: 'orders' }, destination };
    assert.deepEqual([nameDestination(spec), describeDestination(spec)], [name, words]);
  });
}
