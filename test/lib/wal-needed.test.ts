import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listMissing } from '../../src/lib/wal-needed.ts';
import { makeContents, segment, segmentName, segments } from '../support/store-contents.ts';

test('names what is not there, from the first to the last, both included', () => {
  const contents = makeContents({ segments: [...segments(3, 5), segment(7), segment(6, 2)] });
  assert.deepEqual(listMissing(contents, segmentName(3), segmentName(5)), []);
  assert.deepEqual(
    listMissing(contents, segmentName(2), segmentName(8)),
    [2, 6, 8].map((index) => segmentName(index)),
  );
  assert.deepEqual(listMissing(contents, segmentName(9), segmentName(9)), [segmentName(9)]);
});

test('counts over the end of a log, in the segments of this cluster', () => {
  const contents = makeContents({ segmentBytes: 1024 ** 3 });
  assert.deepEqual(listMissing(contents, '000000010000000000000003', '000000010000000100000000'), [
    '000000010000000000000003',
    '000000010000000100000000',
  ]);
});

test('refuses what is no stretch', () => {
  const contents = makeContents();
  for (const [first, last] of [
    [segmentName(5), segmentName(4)],
    [segmentName(5), segmentName(6, 2)],
    ['x', segmentName(4)],
  ] as const)
    assert.throws(() => listMissing(contents, first, last), /is no stretch of WAL/);
});
