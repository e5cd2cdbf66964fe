// Which timelines a recovery follows, as Postgres does it with recovery_target_timeline = latest. Room: lib (pure).
import type { StoreContents, StoredBackup, TimelineSwitch } from './store-contents.ts';
import { formatSegment, parseSegment, segmentOf } from './wal-segment.ts';

/** The newest timeline that can be reached, and those that it came from. */
export interface Line {
  readonly newest: number;
  /** Newest first: each from that segment on, counted as `Segment.index`, up to where the one before begins. */
  readonly parts: readonly { readonly timeline: number; readonly from: number }[];
}

type Switches = Pick<StoreContents, 'switches' | 'segmentBytes'>;

/**
 * Postgres looks for the histories of the timelines after its own, one by one, and takes the last one before the first that is
 * missing. So a missing history hides all that came after it.
 */
export function followTimelines(start: number, contents: Switches): Line {
  const known = new Set(contents.switches.map(({ timeline }) => timeline));
  let newest = start;
  while (known.has(newest + 1)) newest++;
  return lineTo(newest, contents);
}

/** A timeline and those that it came from, as far as their histories are stored. */
export function lineTo(newest: number, { switches, segmentBytes }: Switches): Line {
  const known = new Map(switches.map((each) => [each.timeline, each]));
  const parts: { timeline: number; from: number }[] = [];
  for (let timeline: number | undefined = newest; timeline !== undefined; ) {
    const left: TimelineSwitch | undefined = known.get(timeline);
    parts.push({ timeline, from: left ? segmentOf(timeline, left.at, segmentBytes).index : 0 });
    timeline = left && left.parent < timeline ? left.parent : undefined;
  }
  return { newest, parts };
}

/** The timeline whose file is read at that position. */
export function timelineAt({ parts }: Line, index: number): number {
  return (parts.find(({ from }) => from <= index) ?? parts.at(-1))?.timeline ?? 0;
}

export function nameAt(line: Line, index: number, segmentBytes: number): string {
  return formatSegment({ timeline: timelineAt(line, index), index }, segmentBytes);
}

/** Of the segments from one position to another, both included. */
export function namesAlong(line: Line, first: number, last: number, segmentBytes: number): string[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, each) => nameAt(line, first + each, segmentBytes));
}

/** Was the backup finished before its timeline was left? From another one Postgres does not get onto the line: it stops. */
export function isOnLine({ parts }: Line, backup: StoredBackup, segmentBytes: number): boolean {
  const place = parts.findIndex(({ timeline }) => timeline === backup.timeline);
  if (place < 0) return false;
  const left = parts[place - 1]?.from ?? Number.POSITIVE_INFINITY;
  return indexOf(backup.finishSegment, segmentBytes) < left;
}

/** @throws Error for what is no segment's name */
export function indexOf(name: string, segmentBytes: number): number {
  const segment = parseSegment(name, segmentBytes);
  if (segment === undefined) throw new Error(`"${name}" is no WAL segment's name`);
  return segment.index;
}
