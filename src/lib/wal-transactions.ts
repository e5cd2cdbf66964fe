// When the last transaction of a WAL segment ended. Reads what has been the same since Postgres 9.5: the pages, the records'
// heads and the first field of commit and abort records (access/xlog_internal.h, xlogrecord.h, xact.h). Room: lib (pure).

const PAGE_HEAD = 24;
const FIRST_PAGE_HEAD = 40;
const PAGE_SIZE_AT = 36;
const IS_CONTINUED = 0x0001;

const RECORD_HEAD = 24;
/** Of a record only its beginning is kept: what ends a transaction stands there. */
const KEPT = 64;

const RM_XACT = 1;
/** commit, abort, commit prepared, abort prepared; the other bits of the byte are about what else the record has. */
const ENDS = [0x00, 0x20, 0x30, 0x40];
const OPERATION = 0x70;

/** Postgres counts microseconds from 2000. */
const EPOCH_MS = Date.UTC(2000, 0);

/**
 * The latest whole millisecond before the end of its last transaction, RFC 3339: a recovery to this time finds a transaction that
 * is later, where it stops. Undefined where no transaction ends in the segment.
 *
 * @param segment as Postgres writes it
 */
export function findLastTransaction(segment: Uint8Array): string | undefined {
  let last: bigint | undefined;
  for (const record of listRecords(segment)) {
    const time = readEndTime(record);
    if (time !== undefined && (last === undefined || time > last)) last = time;
  }
  if (last === undefined) return undefined;
  return new Date(EPOCH_MS + Number((last - 1n) / 1000n)).toISOString();
}

/** The beginnings of all records that begin in the segment. One that was broken off by a crash is left out. */
function* listRecords(segment: Uint8Array): Generator<DataView> {
  if (segment.byteLength < FIRST_PAGE_HEAD) return;
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  const pageSize = view.getUint32(PAGE_SIZE_AT, true);
  if (pageSize < 512 || pageSize > 65_536) return;
  let kept: Uint8Array | undefined;
  let missing = 0;
  for (let page = 0; page + pageSize <= segment.byteLength; page += pageSize) {
    if (view.getUint16(page, true) === 0) return;
    const end = page + pageSize;
    let at = page + (page === 0 ? FIRST_PAGE_HEAD : PAGE_HEAD);
    const continued = view.getUint16(page + 2, true) & IS_CONTINUED ? view.getUint32(page + 16, true) : 0;
    if (continued !== missing) kept = undefined;
    missing = continued;
    while (at < end) {
      if (missing === 0) {
        missing = view.getUint32(at, true);
        // Nothing follows on this page: a segment that was closed early is filled with zeros.
        if (missing < RECORD_HEAD) {
          missing = 0;
          break;
        }
        kept = new Uint8Array(0);
      }
      const take = Math.min(missing, end - at);
      if (kept && kept.byteLength < KEPT) kept = join(kept, segment.subarray(at, at + Math.min(take, KEPT)));
      missing -= take;
      at += align(take);
      if (missing > 0) break;
      if (kept) yield new DataView(kept.buffer);
    }
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

function align(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The one-byte ids that may stand before a record's own data, and how long they are with what they say. */
const DATA_SHORT = 255;
const DATA_LONG = 254;
const LENGTHS: Readonly<Record<number, number>> = { [DATA_SHORT]: 2, [DATA_LONG]: 5, 253: 3, 252: 5 };
const TIME_BYTES = 8;

/** Microseconds since 2000; undefined for a record that ends no transaction. */
function readEndTime(record: DataView): bigint | undefined {
  if (record.getUint8(17) !== RM_XACT || !ENDS.includes(record.getUint8(16) & OPERATION)) return undefined;
  let at = RECORD_HEAD;
  while (at < record.byteLength) {
    const id = record.getUint8(at);
    const length = LENGTHS[id];
    if (length === undefined) return undefined;
    at += length;
    if (id === DATA_SHORT || id === DATA_LONG) break;
  }
  return at + TIME_BYTES <= record.byteLength ? record.getBigInt64(at, true) : undefined;
}
