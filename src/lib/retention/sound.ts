// What single backups of the store are: full, whole, of an orderly time. Room: lib (pure).
import { isDamaged } from '../good-backups.ts';
import { byNameOf, listWholeChain, type StoreContents, type StoredBackup } from '../store-contents.ts';
import { listSegments, parseSegment } from '../wal-segment.ts';

/**
 * Base backups that have all their files, all WAL from their start to their finish, and the files of their parents up to a
 * full one. On whichever timeline: that a recovery would not get there by itself does not make one needless.
 */
export function listSound({ backups, segments, segmentBytes }: StoreContents): StoredBackup[] {
  const byName = byNameOf(backups);
  const stored = new Set(segments.map(({ name }) => name));
  return backups.filter((backup) => {
    const hasOwnWal = listOwnSegments(backup, segmentBytes)?.every((name) => stored.has(name)) === true;
    return hasOwnWal && listWholeChain(backup, byName)?.some(isDamaged) === false;
  });
}

/** More WAL than any backup takes: 16 TB of the usual segments. */
const MOST_SEGMENTS = 1_000_000;

/** Names of the WAL segments from a backup's start to its finish; undefined where its own words make no sense. */
export function listOwnSegments(
  { startSegment, finishSegment }: StoredBackup,
  segmentBytes: number,
): string[] | undefined {
  const start = parseSegment(startSegment, segmentBytes);
  const finish = parseSegment(finishSegment, segmentBytes);
  if (!start || !finish || finish.timeline !== start.timeline) return undefined;
  const length = finish.index - start.index + 1;
  if (length < 1 || length > MOST_SEGMENTS) return undefined;
  return listSegments(start, finish, segmentBytes);
}

export function isFull({ parent }: StoredBackup): boolean {
  return parent === undefined;
}

/** A clock that was wrong made these: their place among the others is not known. */
export function hasOrderlyTimes({ startedAt, finishedAt }: StoredBackup, now: string): boolean {
  return Date.parse(startedAt) <= Date.parse(finishedAt) && Date.parse(finishedAt) <= Date.parse(now);
}

export function finish({ finishedAt }: StoredBackup): number {
  return Date.parse(finishedAt);
}
