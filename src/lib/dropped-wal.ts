// WAL that was let go leaves a gap; a base backup after it makes that gap a thing of the past. Room: lib (pure).
import type { Archiver, Backup } from '../api/protected-database.ts';
import { hasBeen } from './clock-skew.ts';

/**
 * Without droppedAt where a base backup was begun after it: one that was under way needs WAL that is gone. While WAL is being
 * let go droppedAt is now. @param now RFC 3339
 */
export function settleDropped(archiver: Archiver, lastBackup: Backup | undefined, now: string): Archiver {
  const { droppedAt, ...rest } = archiver;
  return droppedAt === undefined || !isBegunAfter(lastBackup, droppedAt, now) ? archiver : rest;
}

/** Times are RFC 3339. One that is said to begin in the future settles nothing. */
export function isBegunAfter(backup: Backup | undefined, time: string, now: string): boolean {
  return hasBeen(backup?.startedAt, now) && Date.parse(backup?.startedAt ?? '') > Date.parse(time);
}
