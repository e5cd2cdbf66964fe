import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CopyVerdict,
  explainCopy,
  findStuckSegment,
  isTorn,
  judgeCopy,
  type StoredCopy,
} from '../../src/agent/torn-segment.ts';
import type { Archiver } from '../../src/api/protected-database.ts';
import type { ObjectBytes } from '../../src/tools/object-bytes.ts';

const LOCAL = Buffer.from('the whole segment');
const STORED = Buffer.from([0x04, 0x22, 0x4d, 0x18, 1, 2, 3]);
const ended = (end: ObjectBytes['end'], text: string | Buffer): ObjectBytes => ({ end, bytes: Buffer.from(text) });

/** An upload that broke off, and what is changed of it. */
const copy = (changes: Partial<StoredCopy> = {}): StoredCopy => ({
  path: 'wal_005/000000010000000000000007.lz4',
  listedBytes: STORED.length,
  raw: ended('whole', STORED),
  decoded: ended('failed', 'the wh'),
  ...changes,
});
const EMPTY = { listedBytes: 0, raw: ended('whole', '') };

/** Rows of the table in torn-segment.ts, in its order. */
const CASES: readonly (readonly [name: string, changes: Partial<StoredCopy>, verdict: CopyVerdict])[] = [
  ['cannot be read as it is stored', { raw: ended('failed', STORED) }, 'unknown'],
  ['is read until the deadline', { raw: ended('killed', STORED) }, 'unknown'],
  ['is read, but is shorter than listed', { listedBytes: 8 }, 'unknown'],
  ['is read, but is longer than listed', { listedBytes: 6 }, 'unknown'],
  ['is decoded until the deadline', { decoded: ended('killed', 'the wh') }, 'unknown'],
  ['is another one, decoded until the deadline', { decoded: ended('killed', 'xyz') }, 'unknown'],
  ['is the same, whole', { decoded: ended('whole', LOCAL) }, 'same'],
  ['decodes to its end: another history', { decoded: ended('whole', 'the whole Segment') }, 'other'],
  ['decodes to its end, and is longer', { decoded: ended('whole', 'the whole segment and more') }, 'other'],
  ['decodes to its end, and is shorter', { decoded: ended('whole', 'the wh') }, 'other'],
  ['decodes to something else, and breaks off', { decoded: ended('failed', 'tho') }, 'other'],
  ['decodes to more than there is, and breaks off', { decoded: ended('failed', 'the whole segment and') }, 'other'],
  ['decodes to all that there is, and an error', { decoded: ended('failed', LOCAL) }, 'unreadable'],
  ['decodes to nothing', { decoded: ended('failed', '') }, 'unreadable'],
  ['is empty', { ...EMPTY, decoded: ended('failed', '') }, 'broken'],
  ['decodes to the beginning, and breaks off', {}, 'broken'],
];

for (const [name, changes, verdict] of CASES) {
  test(`an object that ${name}: ${verdict}`, () => assert.equal(judgeCopy(copy(changes), LOCAL), verdict));
}

const BEFORE: readonly (readonly [name: string, before: StoredCopy | undefined, torn: boolean])[] = [
  ['the same', copy(), true],
  ['nothing', undefined, false],
  ['one that decoded further', copy({ decoded: ended('failed', 'the whole') }), false],
  ['one that decoded less', copy({ decoded: ended('failed', 'the') }), false],
  ['other bytes of the same number', copy({ raw: ended('whole', Buffer.alloc(STORED.length)) }), false],
  ['another compression', copy({ path: 'wal_005/000000010000000000000007.zst' }), false],
];

for (const [name, before, torn] of BEFORE) {
  test(`broken, and the look before saw ${name}: ${torn ? '' : 'not '}torn`, () =>
    assert.equal(isTorn(before, copy()), torn));
}

test('one without an ending is never removed: its name begins those of its labels, and of other compressions', () => {
  const plain = copy({ path: 'wal_005/000000010000000000000007' });
  assert.equal(isTorn(plain, plain), false);
});

const bytes = fc.uint8Array({ maxLength: 12 }).map((each) => Buffer.from(each));

test('whatever it holds: one that the engine decodes to its end, kills, or gets nothing out of is never broken', () => {
  const given = fc.record({
    raw: fc.record({ end: fc.constantFrom('whole', 'failed', 'killed'), bytes }),
    decoded: fc.record({ end: fc.constantFrom('whole', 'failed', 'killed'), bytes }),
    listedBytes: fc.nat(12),
    local: bytes,
  });
  fc.assert(
    fc.property(given, ({ local, ...each }) => {
      if (judgeCopy(copy(each as Partial<StoredCopy>), local) !== 'broken') return;
      assert.deepEqual([each.raw.end, each.decoded.end, each.raw.bytes.length], ['whole', 'failed', each.listedBytes]);
      assert.ok(each.decoded.bytes.length > 0 || each.listedBytes === 0);
      assert.ok(each.decoded.bytes.length < local.length);
      assert.ok(local.subarray(0, each.decoded.bytes.length).equals(each.decoded.bytes));
    }),
  );
});

test('a person is told which segment, what lies there, and what to do; and nothing where it goes on by itself', () => {
  const tell = (verdict: CopyVerdict) => explainCopy(SEGMENT, `wal_005/${SEGMENT}.lz4`, verdict);
  assert.match(
    tell('other') ?? '',
    /^000000010000000000000007 cannot be archived: another history is stored under its name \(wal_005\/000000010000000000000007.lz4\), and is never overwritten or removed\. .*policy with another prefix/,
  );
  assert.match(
    tell('unreadable') ?? '',
    /^000000010000000000000007 cannot be archived: .* is left alone\. Put back the key/,
  );
  assert.deepEqual((['unknown', 'same', 'broken'] as const).map(tell), [undefined, undefined, undefined]);
});

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
