import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StorageProbe } from '../../src/api/protected-database.ts';
import { assessStorage } from '../../src/health/assess-storage.ts';

const NOW = '2026-11-21T12:00:00.000Z';
const FRESH = { checkedAt: '2026-11-21T11:55:00.000Z', readable: true, writable: true };
const OLD = { ...FRESH, checkedAt: '2026-11-21T11:54:59.999Z' };

/** | probe | result | message | */
const ROWS: readonly (readonly [StorageProbe | undefined, string, string, string])[] = [
  [undefined, 'Unknown', 'NotProbed', 'orders-0: the store has not been asked yet'],
  [OLD, 'Unknown', 'Stale', 'orders-0: the store was asked last at 2026-11-21T11:54:59.999Z'],
  [{ ...OLD, readable: false }, 'Unknown', 'Stale', 'orders-0: the store was asked last at 2026-11-21T11:54:59.999Z'],
  [FRESH, 'True', 'StorageReachable', 'orders-0: the store reads and writes'],
  [{ ...FRESH, readable: false }, 'False', 'NotReadable', 'orders-0: the store does not do what is needed'],
  [{ ...FRESH, writable: false, message: 'AccessDenied' }, 'False', 'NotWritable', 'orders-0: AccessDenied'],
  ...(['CredentialsMissing', 'KeyMissing', 'OwnedByAnother', 'KeyChanged'] as const).map(
    (reason) => [{ ...FRESH, reason, message: 'why' }, 'False', reason, 'orders-0: why'] as const,
  ),
];

for (const [storage, status, reason, message] of ROWS) {
  test(`a store of which ${JSON.stringify(storage) ?? 'nothing is known'}: ${status} ${reason}`, () => {
    const instance = { pod: 'orders-0', ...(storage ? { storage } : {}) };
    assert.deepEqual(assessStorage(instance, NOW), { status, reason, message });
  });
}

test('of a sidecar that does not answer its own words are given', () => {
  const { message } = assessStorage({ pod: 'orders-0', message: 'the sidecar does not answer' }, NOW);
  assert.equal(message, 'orders-0: the sidecar does not answer');
});
