// WAL that was let go leaves a gap; a base backup after it makes that gap a thing of the past. Room: lib (pure).
import type { Archiver, Backup } from '../api/protected-database.ts';

/**
 * Without droppedAt where a base backup was begun after it: one that was under way needs WAL that is gone. While WAL is being
 * let go droppedAt is now.
 */
export function settleDropped(archiver: Archiver, lastBackup: Backup | undefined): Archiver {
  const { droppedAt, ...rest } = archiver;
  if (droppedAt === undefined || !(Date.parse(lastBackup?.startedAt ?? '') > Date.parse(droppedAt))) return archiver;
  return rest;
}
