// Base backups that cannot be restored. Room: lib (pure).
import type { JudgedBackup } from '../good-backups.ts';
import type { UnusableBackup } from '../store-contents.ts';
import { count, type Facts, type Finding } from './facts.ts';

/** @param isRebased a fresh base backup is made because of what was found */
export function findBackupFlaws({ judged, contents: { unusable }, server }: Facts, isRebased: boolean): Finding[] {
  const flaws = [...unusable.map(describeUnusable), ...judged.flatMap((each) => describeFlaw(each, server))];
  const good = judged.filter(({ flaw }) => flaw === undefined).length;
  if (good > 0) return flaws;
  const next = isRebased ? 'walguard starts one now' : 'the first one is made as soon as archiving works';
  const message = `the store has no base backup from which cluster ${server.systemIdentifier} can be restored; ${next}`;
  return [...flaws, { code: 'no-base-backup', message }];
}

function describeUnusable({ name, why }: UnusableBackup): Finding {
  const what = why === 'sentinel-missing' ? 'is missing' : 'cannot be read';
  return {
    code: 'backup-incomplete',
    message: `${name}: the sentinel, which the engine reads first, ${what}; it cannot be restored`,
  };
}

function describeFlaw({ backup, flaw }: JudgedBackup, { systemIdentifier }: Facts['server']): Finding[] {
  const { name, parts, storedBytes, compressedBytes, startSegment, finishSegment } = backup;
  switch (flaw) {
    case 'wrong-cluster':
      return toFinding(
        'wrong-cluster',
        name,
        `it was made of cluster ${backup.systemIdentifier}, and this is the place of cluster ${systemIdentifier}`,
      );
    case 'backup-damaged':
      return toFinding(
        'backup-damaged',
        name,
        `its ${count(parts, 'part')} in the store have ${storedBytes} bytes, and ${compressedBytes} were written`,
      );
    case 'parent-missing':
      return toFinding(
        'parent-missing',
        name,
        `it builds on ${backup.parent}, and not all of that, or of what that builds on, is there`,
      );
    case 'wal-missing-for-backup':
      return toFinding(
        'wal-missing-for-backup',
        name,
        `of the WAL from ${startSegment} to ${finishSegment}, which it needs, not all is there`,
      );
    // What was written on a timeline that was left is no part of the database's past.
    default:
      return [];
  }
}

function toFinding(code: string, name: string, what: string): Finding[] {
  return [{ code, message: `${name}: ${what}; it cannot be restored` }];
}
