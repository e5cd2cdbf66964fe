import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findStuckSegment, isTorn, type StoredCopy } from '../../src/agent/torn-segment.ts';
import type { Archiver } from '../../src/api/protected-database.ts';

const LOCAL = Buffer.from('the whole segment');
const LZ4 = Buffer.from([0x04, 0x22, 0x4d, 0x18, 1, 2, 3]);
const copy = (changes: Partial<StoredCopy>): StoredCopy => ({
  extension: 'lz4',
  raw: LZ4,
  decoded: Buffer.from('the wh'),
  isWhole: false,
  ...changes,
});

const CASES: readonly (readonly [name: string, copy: StoredCopy, torn: boolean])[] = [
  ['decodes to the beginning, and then breaks off', copy({}), true],
  ['breaks off before anything is decoded, in clear', copy({ decoded: Buffer.alloc(0) }), true],
  ['is empty', copy({ raw: Buffer.alloc(0), decoded: Buffer.alloc(0) }), true],
  [
    'zstd that breaks off',
    copy({ extension: 'zst', raw: Buffer.from('28b52ffd00', 'hex'), decoded: Buffer.alloc(0) }),
    true,
  ],
  ['can be read to its end: other content of the same name', copy({ isWhole: true }), false],
  ['is the same, whole', copy({ isWhole: true, decoded: LOCAL }), false],
  ['decodes to something else', copy({ decoded: Buffer.from('another') }), false],
  ['decodes to more than there is', copy({ decoded: Buffer.from('the whole segment and more') }), false],
  ['decodes to all that there is, and an error', copy({ decoded: LOCAL }), false],
  ['is encrypted with a key that is not ours', copy({ raw: Buffer.from('noise'), decoded: Buffer.alloc(0) }), false],
  ['is encrypted with ours, and breaks off', copy({ raw: Buffer.from('noise') }), true],
  ['has the magic of another method', copy({ extension: 'zst', decoded: Buffer.alloc(0) }), false],
];

for (const [name, stored, torn] of CASES) {
  test(`an object that ${name} is ${torn ? '' : 'not '}torn`, () => assert.equal(isTorn(stored, LOCAL), torn));
}

const SEGMENT = '000000010000000000000007';
const archiver = (changes: Partial<Archiver>): Archiver => ({
  archiveMode: 'on',
  archivedCount: 1,
  failedCount: 1,
  waiting: 1,
  lastArchivedTime: '2026-11-21T10:00:00Z',
  lastFailedTime: '2026-11-21T10:00:10Z',
  lastFailedWal: SEGMENT,
  ...changes,
});

test('stuck is the segment that fails now; not one that failed once, and no history', () => {
  assert.equal(findStuckSegment(archiver({})), SEGMENT);
  assert.equal(findStuckSegment(archiver({ lastArchivedTime: '2026-11-21T10:00:20Z' })), undefined);
  assert.equal(findStuckSegment(archiver({ lastFailedWal: '00000002.history' })), undefined);
});
