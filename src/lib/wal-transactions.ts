// When transactions of a WAL segment ended, and where one, or a restore point, is found: the first fields of commit, abort and
// restore point records (access/xact.h, xlog_internal.h). Room: lib (pure).
import { dataOf, kindOf, listRecords, transactionOf } from './wal-records.ts';

const RM_XLOG = 0;
const RESTORE_POINT = 0x70;
const RM_XACT = 1;
/** commit, abort, commit prepared, abort prepared. */
const ENDS = [0x00, 0x20, 0x30, 0x40];

/** Postgres counts microseconds from 2000. */
const EPOCH = BigInt(Date.UTC(2000, 0)) * 1000n;
const TIME_BYTES = 8;
const NAME_BYTES = 64;

/**
 * The latest whole millisecond before the end of its last transaction, RFC 3339: a recovery to this time finds a transaction that
 * is later, where it stops. Undefined where no transaction ends in the segment.
 *
 * @param segment as Postgres writes it
 */
export function findLastTransaction(segment: Uint8Array): string | undefined {
  const last = findLastEnd(segment);
  return last === undefined ? undefined : new Date(Number((last - 1n) / 1000n)).toISOString();
}

/** When its last transaction ended, in microseconds since 1970. */
export function findLastEnd(segment: Uint8Array): bigint | undefined {
  let last: bigint | undefined;
  for (const record of listRecords(segment)) {
    const time = readEndTime(record);
    if (time !== undefined && (last === undefined || time > last)) last = time;
  }
  return last;
}

/** What a recovery may be told to stop at, and does not know the place of. */
export type Mark = { readonly xid: string } | { readonly name: string };

/** Does the transaction end, or was the restore point made, in the segment? */
export function holdsMark(segment: Uint8Array, mark: Mark): boolean {
  const isMark =
    'xid' in mark
      ? (record: DataView) => isEnd(record) && transactionOf(record) === Number(mark.xid)
      : (record: DataView) => readRestorePoint(record) === mark.name;
  for (const record of listRecords(segment)) if (isMark(record)) return true;
  return false;
}

function isEnd(record: DataView): boolean {
  const { manager, operation } = kindOf(record);
  return manager === RM_XACT && ENDS.includes(operation);
}

/** Microseconds since 1970; undefined for a record that ends no transaction. */
function readEndTime(record: DataView): bigint | undefined {
  if (!isEnd(record)) return undefined;
  const at = dataOf(record);
  if (at === undefined || at + TIME_BYTES > record.byteLength) return undefined;
  return EPOCH + record.getBigInt64(at, true);
}

function readRestorePoint(record: DataView): string | undefined {
  const { manager, operation } = kindOf(record);
  const at = dataOf(record);
  if (manager !== RM_XLOG || operation !== RESTORE_POINT || at === undefined) return undefined;
  const from = at + TIME_BYTES;
  if (from + NAME_BYTES > record.byteLength) return undefined;
  const bytes = new Uint8Array(record.buffer, record.byteOffset + from, NAME_BYTES);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
