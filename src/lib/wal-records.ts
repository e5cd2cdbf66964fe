// The records of a WAL segment, read by what has been the same since Postgres 9.5: the pages and the records' heads
// (access/xlog_internal.h, xlogrecord.h). Room: lib (pure).

const PAGE_HEAD = 24;
const FIRST_PAGE_HEAD = 40;
const PAGE_SIZE_AT = 36;
const IS_CONTINUED = 0x0001;

const RECORD_HEAD = 24;
/** Of a record only its beginning is kept: what ends a transaction, or the name of a restore point, stands there. */
const KEPT = 112;

/** The beginnings of all records that begin in the segment. One that was broken off by a crash is left out. */
export function* listRecords(segment: Uint8Array): Generator<DataView> {
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

const OPERATION = 0x70;

/** Which resource manager wrote it, and what it says; of the second byte only what says that. */
export function kindOf(record: DataView): { readonly manager: number; readonly operation: number } {
  return { manager: record.getUint8(17), operation: record.getUint8(16) & OPERATION };
}

/** The transaction that wrote it. */
export function transactionOf(record: DataView): number {
  return record.getUint32(4, true);
}

/** The one-byte ids that may stand before a record's own data, and how long they are with what they say. */
const DATA_SHORT = 255;
const DATA_LONG = 254;
const LENGTHS: Readonly<Record<number, number>> = { [DATA_SHORT]: 2, [DATA_LONG]: 5, 253: 3, 252: 5 };

/** Where in the record its own data begins; undefined where blocks of tables stand before it. */
export function dataOf(record: DataView): number | undefined {
  let at = RECORD_HEAD;
  while (at < record.byteLength) {
    const id = record.getUint8(at);
    const length = LENGTHS[id];
    if (length === undefined) return undefined;
    at += length;
    if (id === DATA_SHORT || id === DATA_LONG) return at;
  }
  return undefined;
}
