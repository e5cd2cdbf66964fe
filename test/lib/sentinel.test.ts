import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessSegmentBytes, parseSentinel } from '../../src/lib/sentinel.ts';
import { SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';

const NAME = 'base_000000010000000000000003';

/** With digits that no double holds. */
const SENTINEL = `{"LSN":50331688,"PgVersion":150018,"FinishLSN":50331904,"SystemIdentifier":7710449571138806557,
  "UncompressedSize":23281133,"CompressedSize":4347510,"ChkpNum":null,"Version":2,"StartTime":"2026-11-21T02:42:41.933719Z",
  "FinishTime":"2026-11-21T02:42:43.281775Z","DateFmt":"%Y-%m-%dT%H:%M:%S.%fZ","Hostname":"vm","DataDir":"/d","IsPermanent":false}`;

const parse = (json: string, name = NAME) => parseSentinel(name, json, SEGMENT_BYTES);

test('a sentinel says when a backup was made, and from where to where it needs WAL', () => {
  assert.deepEqual(parse(SENTINEL), {
    name: NAME,
    startedAt: '2026-11-21T02:42:41.933Z',
    finishedAt: '2026-11-21T02:42:43.281Z',
    timeline: 1,
    startSegment: '000000010000000000000003',
    finishSegment: '000000010000000000000003',
    isPermanent: false,
    compressedBytes: 4347510,
    uncompressedBytes: 23281133,
    systemIdentifier: '7710449571138806557',
  });
});

test('a delta names its parent', () => {
  const name = 'base_000000010000000000000005_D_000000010000000000000003';
  const delta = parse(SENTINEL.replace('{', `{"DeltaFrom":"${NAME}","DeltaFullName":"${NAME}","DeltaCount":1,`), name);
  assert.equal(delta.parent, NAME);
});

test('an LSN beyond 2^53 keeps its last digits', () => {
  // 2^62 + one segment and a byte: a double would round it to 2^62 + one segment, which is a finish in the segment before.
  const far = (2n ** 62n + BigInt(SEGMENT_BYTES) + 1n).toString();
  assert.equal(parse(SENTINEL.replace('50331904', far)).finishSegment, '000000014000000000000001');
});

test('a finish at the very end of a segment needs nothing of the next one', () => {
  assert.equal(
    parse(SENTINEL.replace('50331904', String(4 * SEGMENT_BYTES))).finishSegment,
    '000000010000000000000003',
  );
  assert.equal(
    parse(SENTINEL.replace('50331904', String(4 * SEGMENT_BYTES + 1))).finishSegment,
    '000000010000000000000004',
  );
});

test('a sentinel that is torn, or lacks what a restore hangs on, is an error', () => {
  const without = (key: string) => SENTINEL.replace(`"${key}"`, `"No${key}"`);
  for (const [json, error] of [
    [SENTINEL.slice(0, 90), /JSON/],
    ['[]', /is no JSON object/],
    [without('LSN'), /has no LSN/],
    [SENTINEL.replace('50331904', '0'), /has no FinishLSN/],
    [without('FinishTime'), /has no FinishTime/],
  ] as const)
    assert.throws(() => parse(json), error);
  assert.throws(() => parse(SENTINEL, 'stream_20260101'), /is no base backup's name/);
});

test("a segment's size is told by a backup's own name, 16 MiB where several fit", () => {
  const sized = (name: string, lsn: number) =>
    guessSegmentBytes(name, SENTINEL.replace('50331688', String(lsn)).replace('50331904', String(lsn + 200)));
  const mib = 1024 * 1024;
  assert.equal(guessSegmentBytes(NAME, SENTINEL), 16 * mib);
  assert.equal(sized('base_000000010000000000000003', 3 * 64 * mib + 40), 64 * mib);
  assert.equal(sized('base_000000010000000000000003', 3 * mib + 40), mib);
  assert.equal(sized('base_000000010000000000000000', 40), 16 * mib);
  assert.equal(guessSegmentBytes(NAME, '{'), undefined);
  assert.equal(sized('base_0000000100000000000000FF', 3 * mib + 40), undefined);
});
