// Which timelines are in use, and where each came from. Room: lib (pure).
import type { StoreContents, StoredBackup } from '../store-contents.ts';
import { parseSegment, segmentOf } from '../wal-segment.ts';

/** A timeline and those that it came from, the oldest one last. */
export interface Path {
  /** For each of its timelines the WAL segment in which the path leaves it; infinite for the timeline itself. */
  readonly leftAt: ReadonlyMap<number, number>;
  /** The history of its oldest timeline is missing: any older one may belong to it. */
  readonly isTorn: boolean;
}

/** @param timeline of which the path is wanted */
export function pathOf(timeline: number, contents: StoreContents): Path {
  const leftAt = new Map([[timeline, Number.POSITIVE_INFINITY]]);
  let root = timeline;
  for (;;) {
    const from = contents.switches.find((each) => each.timeline === root && each.parent < root);
    if (!from) break;
    leftAt.set(from.parent, segmentOf(from.parent, from.at, contents.segmentBytes).index);
    root = from.parent;
  }
  return { leftAt, isTorn: root > 1 };
}

/** Was it finished surely before the path left its timeline? In the very segment of the switch it is not sure. */
export function isOnPath({ timeline, finishSegment }: StoredBackup, { leftAt }: Path, segmentBytes: number): boolean {
  const limit = leftAt.get(timeline);
  const finish = parseSegment(finishSegment, segmentBytes);
  return limit !== undefined && finish !== undefined && finish.index < limit;
}

/** Did it begin on the path, or in the very segment of a switch? Then it may be part of it. */
export function mayBeOnPath({ timeline, startSegment }: StoredBackup, { leftAt }: Path, segmentBytes: number): boolean {
  const limit = leftAt.get(timeline);
  const start = parseSegment(startSegment, segmentBytes);
  return limit !== undefined && (start === undefined || start.index <= limit);
}

/** As far as the store knows: of a backup, of a segment, or of a history that names it. */
export function findNewestTimeline({ backups, segments, segmentBytes, switches }: StoreContents): number {
  const known = [
    ...[...backups, ...switches].map(({ timeline }) => timeline),
    ...segments.map(({ name }) => parseSegment(name, segmentBytes)?.timeline ?? 0),
  ];
  return known.reduce((most, timeline) => Math.max(most, timeline), 0);
}

/**
 * Timelines of which something was written since, and those of what is newest: of these any moment since may be wanted. So may
 * one be that has just begun: its history is there, and its first segment is still to come.
 *
 * @param since Unix milliseconds
 */
export function listTimelinesInUse(
  { backups, segments, segmentBytes, switches }: StoreContents,
  since: number,
): number[] {
  const written = [
    ...backups.map(({ timeline, finishedAt }) => ({ timeline, at: Date.parse(finishedAt) })),
    ...segments.flatMap(({ name, modifiedAt }) => {
      const timeline = parseSegment(name, segmentBytes)?.timeline;
      return timeline === undefined ? [] : [{ timeline, at: Date.parse(modifiedAt) }];
    }),
  ];
  const newest = written.reduce((latest, { at }) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
  // A time that cannot be read is no older than any other.
  const inUse = written.filter(({ at }) => !(at < since && at < newest));
  const highest = written.reduce((most, { timeline }) => Math.max(most, timeline), 0);
  const begun = switches.filter(({ timeline }) => timeline > highest);
  return [...new Set([...inUse, ...begun].map(({ timeline }) => timeline))];
}
