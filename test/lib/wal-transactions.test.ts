import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findLastTransaction } from '../../src/lib/wal-transactions.ts';

const PAGE = 8192;
const EPOCH_MS = Date.UTC(2000, 0);

interface Wanted {
  readonly rmid?: number;
  readonly info?: number;
  /** Microseconds since 2000. */
  readonly time?: bigint;
  /** Bytes of its data besides the time. */
  readonly rest?: number;
  /** Bytes that stand before the data, as Postgres writes an origin (253) or a top transaction (252). */
  readonly before?: readonly number[];
}

const COMMIT = 0x00;
const ABORT = 0x20;

function buildRecord({ rmid = 1, info = COMMIT, time = 0n, rest = 0, before = [] }: Wanted): Uint8Array {
  const data = new Uint8Array(8 + rest);
  new DataView(data.buffer).setBigInt64(0, time, true);
  const isShort = data.byteLength < 256;
  const head = isShort ? [255, data.byteLength] : [254, ...new Uint8Array(new Uint32Array([data.byteLength]).buffer)];
  const bytes = new Uint8Array([...new Uint8Array(24), ...before, ...head, ...data]);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.byteLength, true);
  view.setUint8(16, info);
  view.setUint8(17, rmid);
  return bytes;
}

/** As Postgres lays records out: aligned to eight bytes, over pages with heads of their own. @param lead of a record that began before */
function buildSegment(records: readonly Uint8Array[], pages = 16, lead = 0): Uint8Array {
  const segment = new Uint8Array(pages * PAGE);
  const view = new DataView(segment.buffer);
  const stream = [new Uint8Array(lead).fill(0xee), ...records].map((record) => {
    const padded = new Uint8Array((record.byteLength + 7) & ~7);
    padded.set(record);
    return { record: padded, length: record.byteLength };
  });
  let at = 0;
  let page = -PAGE;
  const openPage = (left: number) => {
    page += PAGE;
    view.setUint16(page, 0xd110, true);
    view.setUint16(page + 2, (left > 0 ? 1 : 0) | (page === 0 ? 2 : 0), true);
    view.setUint32(page + 16, left, true);
    if (page === 0) view.setUint32(36, PAGE, true);
    at = page + (page === 0 ? 40 : 24);
  };
  openPage(lead);
  for (const { record, length } of stream) {
    for (let done = 0; done < record.byteLength; ) {
      if (at === page + PAGE) openPage(done === 0 ? 0 : length - done);
      const take = Math.min(record.byteLength - done, page + PAGE - at);
      segment.set(record.subarray(done, done + take), at);
      at += take;
      done += take;
    }
  }
  return segment;
}

const micro = (seconds: number) => BigInt(seconds) * 1_000_000n;
const find = (...records: Wanted[]) => findLastTransaction(buildSegment(records.map(buildRecord)));
const text = (seconds: number) => new Date(EPOCH_MS + seconds * 1000 - 1).toISOString();

test('the last transaction is the latest commit or abort, a moment before which a recovery can stop', () => {
  assert.equal(find({ time: micro(100) }, { time: micro(200) }), text(200));
  assert.equal(find({ time: micro(100) }, { time: micro(200), info: ABORT }), text(200));
  assert.equal(find({ time: micro(100), info: 0x30 }, { time: micro(50), info: 0x40 }), text(100));
  assert.equal(find({ time: micro(200) }, { time: micro(100) }), text(200));
  assert.equal(find({ time: 1_234_567n }), new Date(EPOCH_MS + 1234).toISOString());
});

test('the other bits of the operation do not count', () => assert.equal(find({ time: micro(7), info: 0x80 }), text(7)));

test('what is no end of a transaction has no time, whatever stands where the time would be', () => {
  assert.equal(
    find({ rmid: 10, time: micro(900) }, { time: micro(900), info: 0x10 }, { rmid: 0, info: 0x40 }),
    undefined,
  );
  assert.equal(find({ time: micro(5) }, { rmid: 10, time: micro(900) }), text(5));
});

test('an origin or a top transaction may stand before the data, and the data may be long', () => {
  assert.equal(find({ time: micro(3), before: [253, 1, 2] }), text(3));
  assert.equal(find({ time: micro(4), before: [252, 1, 2, 3, 4] }), text(4));
  assert.equal(find({ time: micro(5), rest: 5000 }), text(5));
  assert.equal(find({ time: micro(5), before: [0, 1, 2] }), undefined, 'a block: no transaction has one');
});

test('a record of the segment before is skipped, over as many pages as it takes', () => {
  const commit = buildRecord({ time: micro(60) });
  for (const lead of [1, 8, 100, PAGE - 40, PAGE, 3 * PAGE + 17])
    assert.equal(findLastTransaction(buildSegment([commit], 16, lead)), text(60), String(lead));
});

test('a record that was broken off by a crash is left out, and what follows on the next page is read', () => {
  const segment = buildSegment([{ rest: PAGE * 2, time: micro(10) }, { time: micro(20) }].map(buildRecord));
  const cut = segment.slice();
  // The server started anew on the second page.
  const second = buildSegment([buildRecord({ time: micro(5) })]).subarray(40, 200);
  cut.fill(0, PAGE);
  new DataView(cut.buffer).setUint16(PAGE, 0xd110, true);
  cut.set(second, PAGE + 24);
  assert.equal(findLastTransaction(segment), text(20));
  assert.equal(findLastTransaction(cut), text(5));
});

test('what is no segment has no transaction', () => {
  assert.equal(findLastTransaction(new Uint8Array(0)), undefined);
  assert.equal(findLastTransaction(new Uint8Array(PAGE)), undefined);
  assert.equal(findLastTransaction(new Uint8Array(PAGE).fill(0xff)), undefined);
  assert.equal(find(), undefined);
});

test('of any records, over any pages, the latest end is found', () => {
  const wanted = fc.record({
    rmid: fc.constantFrom(0, 1, 1, 1, 10),
    info: fc.constantFrom(0x00, 0x20, 0x30, 0x40, 0x10, 0x80),
    time: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    rest: fc.oneof(fc.nat(300), fc.nat(20_000)),
  });
  const endsIn = ({ rmid, info }: Wanted) => rmid === 1 && [0, 0x20, 0x30, 0x40].includes((info ?? 0) & 0x70);
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 12 }), fc.nat(20_000), (records, lead) => {
      const times = records.filter(endsIn).map(({ time }) => time);
      const latest = times.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
      const expected =
        latest === undefined ? undefined : new Date(EPOCH_MS + Number((latest - 1n) / 1000n)).toISOString();
      assert.equal(findLastTransaction(buildSegment(records.map(buildRecord), 64, lead)), expected);
    }),
  );
});
