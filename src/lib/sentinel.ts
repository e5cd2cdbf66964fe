// What an engine notes of a finished base backup: its `<name>_backup_stop_sentinel.json`. WAL-G and walrus write the same keys.
// Room: lib (pure).
import { isObject, parseExactJson } from './json.ts';
import type { StoredBackup } from './store-contents.ts';
import { formatSegment, parseLsn, segmentOf } from './wal-segment.ts';

/** @throws Error for what does not say from where to where a backup needs WAL, and when it was made */
export function parseSentinel(
  name: string,
  json: string,
  segmentBytes: number,
): Omit<StoredBackup, 'storedBytes' | 'parts'> {
  const sentinel = parseExactJson(json);
  if (!isObject(sentinel)) throw new Error(`the sentinel of ${name} is no JSON object`);
  const timeline = timelineOf(name);
  const segmentAt = (lsn: bigint) => formatSegment(segmentOf(timeline, lsn.toString(), segmentBytes), segmentBytes);
  const parent = sentinel.DeltaFrom;
  const systemIdentifier = sentinel.SystemIdentifier;
  return {
    name,
    startedAt: readTime(name, sentinel, 'StartTime'),
    finishedAt: readTime(name, sentinel, 'FinishTime'),
    timeline,
    startSegment: segmentAt(readLsn(name, sentinel, 'LSN')),
    // The first byte that it does not need any more, which may be the first one of a segment.
    finishSegment: segmentAt(readLsn(name, sentinel, 'FinishLSN') - 1n),
    ...(typeof parent === 'string' && parent !== '' ? { parent } : {}),
    isPermanent: sentinel.IsPermanent === true,
    compressedBytes: readSize(sentinel.CompressedSize),
    uncompressedBytes: readSize(sentinel.UncompressedSize),
    ...(isInteger(systemIdentifier) ? { systemIdentifier: String(systemIdentifier) } : {}),
  };
}

const MIB = 1024 * 1024;
/** Of initdb --wal-segsize; the usual one first, because small positions have the same name in several. */
const SIZES = [16, 1, 2, 4, 8, 32, 64, 128, 256, 512, 1024].map((size) => size * MIB);

/**
 * Bytes of a WAL segment, where no server can be asked: by which size a backup has the name that it has.
 * @returns undefined where the sentinel cannot be read
 */
export function guessSegmentBytes(name: string, json: string): number | undefined {
  try {
    return SIZES.find((size) => name.startsWith(`base_${parseSentinel(name, json, size).startSegment}`));
  } catch {
    return undefined;
  }
}

function timelineOf(name: string): number {
  const digits = /^base_([0-9A-F]{8})[0-9A-F]{16}/.exec(name)?.[1];
  if (digits === undefined) throw new Error(`"${name}" is no base backup's name`);
  return Number.parseInt(digits, 16);
}

function readLsn(name: string, sentinel: Record<string, unknown>, key: string): bigint {
  const value = sentinel[key];
  const lsn = isInteger(value) ? parseLsn(String(value)) : 0n;
  if (lsn > 0n) return lsn;
  throw new Error(`the sentinel of ${name} has no ${key}`);
}

function readTime(name: string, sentinel: Record<string, unknown>, key: string): string {
  const time = Date.parse(String(sentinel[key]));
  if (Number.isNaN(time)) throw new Error(`the sentinel of ${name} has no ${key}`);
  return new Date(time).toISOString();
}

function readSize(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) || (typeof value === 'string' && /^\d+$/.test(value));
}
