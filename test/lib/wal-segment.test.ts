import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSegment, parseLsn, parseSegment, SEGMENT_BYTES, segmentOf } from '../../src/lib/wal-segment.ts';

const MIB = 1024 * 1024;

test('a segment is its timeline and its position, and 16 MiB ones go on after FF', () => {
  assert.deepEqual(parseSegment('000000010000000000000003'), { timeline: 1, index: 3 });
  assert.deepEqual(parseSegment('0000000A00000001000000FF'), { timeline: 10, index: 511 });
  assert.equal(formatSegment({ timeline: 1, index: 255 }), '0000000100000000000000FF');
  assert.equal(formatSegment({ timeline: 1, index: 256 }), '000000010000000100000000');
});

test('segments of another size are counted by it', () => {
  assert.deepEqual(parseSegment('000000010000000100000000', 64 * MIB), { timeline: 1, index: 64 });
  assert.equal(formatSegment({ timeline: 1, index: 63 }, 64 * MIB), '00000001000000000000003F');
  assert.equal(formatSegment({ timeline: 1, index: 4096 }, MIB), '000000010000000100000000');
});

test('what is no whole segment is none', () => {
  for (const name of [
    '00000002.history',
    '000000010000000000000003.partial',
    '000000010000000000000003.00000028.backup',
    '00000001000000000000000g',
    '00000001000000000000000a',
    '',
  ])
    assert.equal(parseSegment(name), undefined, name);
});

test('the segment of an LSN in either form is the one that holds its byte', () => {
  assert.deepEqual(segmentOf(1, '0/3000028'), { timeline: 1, index: 3 });
  assert.deepEqual(segmentOf(1, '50331688'), { timeline: 1, index: 3 });
  assert.deepEqual(segmentOf(2, '1/0'), { timeline: 2, index: 256 });
  assert.equal(formatSegment(segmentOf(1, 'FFFFFFFF/FFFFFFFF')), '00000001FFFFFFFF000000FF');
  for (const text of ['', '0/', 'x', '0/123456789', '-1', '1.5'])
    assert.throws(() => parseLsn(text), /is no LSN/, text);
});

test('names and positions are one and the same, in the same order', () => {
  const position = fc.record({ timeline: fc.integer({ min: 1, max: 2 ** 32 - 1 }), index: fc.nat(2 ** 40 - 1) });
  const size = fc.constantFrom(MIB, SEGMENT_BYTES, 1024 * MIB);
  fc.assert(
    fc.property(position, position, size, (a, b, bytes) => {
      fc.pre(a.index < 2 ** 64 / bytes && b.index < 2 ** 64 / bytes);
      const [nameA, nameB] = [formatSegment(a, bytes), formatSegment(b, bytes)];
      assert.deepEqual(parseSegment(nameA, bytes), { ...a });
      if (a.timeline === b.timeline) assert.equal(nameA < nameB, a.index < b.index);
    }),
  );
});
