// Names of WAL segments: eight hexadecimal digits each of timeline, log and segment. Room: lib (pure).

export interface Segment {
  readonly timeline: number;
  /** Position in the WAL in whole segments, from 0. Below 2^53 for segments of 1 MiB and more, which is Postgres's least. */
  readonly index: number;
}

/** Postgres's default; initdb --wal-segsize chooses another. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/** Bytes of WAL that share the second part of a segment's name. */
const LOG_BYTES = 2 ** 32;

/** Undefined for what is no segment: histories, backup labels, partial segments. */
export function parseSegment(name: string, segmentBytes = SEGMENT_BYTES): Segment | undefined {
  const [, timeline, log, segment] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? [];
  if (timeline === undefined || log === undefined || segment === undefined) return undefined;
  const perLog = LOG_BYTES / segmentBytes;
  return {
    timeline: Number.parseInt(timeline, 16),
    index: Number.parseInt(log, 16) * perLog + Number.parseInt(segment, 16),
  };
}

export function formatSegment({ timeline, index }: Segment, segmentBytes = SEGMENT_BYTES): string {
  const perLog = LOG_BYTES / segmentBytes;
  return [timeline, Math.floor(index / perLog), index % perLog].map(toHex).join('');
}

/** Names from one segment to another of its timeline, both included; none where the other is before it. */
export function listSegments(from: Segment, to: Segment, segmentBytes = SEGMENT_BYTES): string[] {
  return Array.from({ length: Math.max(0, to.index - from.index + 1) }, (_, step) =>
    formatSegment({ timeline: from.timeline, index: from.index + step }, segmentBytes),
  );
}

/** The segment that holds the byte at an LSN. @param lsn as `0/3000028` or in decimal */
export function segmentOf(timeline: number, lsn: string, segmentBytes = SEGMENT_BYTES): Segment {
  return { timeline, index: Number(parseLsn(lsn) / BigInt(segmentBytes)) };
}

/** @throws Error for what is neither form of an LSN */
export function parseLsn(lsn: string): bigint {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn) ?? [];
  if (high !== undefined && low !== undefined) return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  if (/^\d{1,20}$/.test(lsn)) return BigInt(lsn);
  throw new Error(`"${lsn}" is no LSN`);
}

function toHex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
