// Which base backups can be restored, and what is wrong with the others. Room: lib (pure).
import {
  type BackupsByName,
  byNameOf,
  listWholeChain,
  type StoreContents,
  type StoredBackup,
} from './store-contents.ts';
import { type Archiving, listRuns, NOT_ASKED, type Run, type Stored } from './stored-runs.ts';
import { followTimelines, indexOf, isOnLine } from './timelines.ts';

export type Flaw = 'wrong-cluster' | 'backup-damaged' | 'parent-missing' | 'timeline-left' | 'wal-missing-for-backup';

export interface JudgedBackup {
  readonly backup: StoredBackup;
  /** The first that was found; absent for one that can be restored. */
  readonly flaw?: Flaw;
  /** The WAL that a recovery from it reads, and the part without a gap that it begins in. */
  readonly stored: Stored;
  readonly run?: Run;
}

/**
 * Sizes tell of parts that are gone or cut short. What a listing cannot tell is whether the bytes are the right ones: for that a
 * backup has to be read, which a drill does.
 *
 * @param systemIdentifier of the cluster that is asked about, where it is known
 */
export function judgeBackups(
  contents: StoreContents,
  systemIdentifier?: string,
  archiving: Archiving = NOT_ASKED,
): JudgedBackup[] {
  const { backups, segmentBytes } = contents;
  const byName = byNameOf(backups);
  const lines = new Map<number, Stored>();
  const storedFrom = (timeline: number) => {
    const known = lines.get(timeline) ?? listRuns(followTimelines(timeline, contents), contents, archiving);
    lines.set(timeline, known);
    return known;
  };
  return backups.map((backup) => {
    const stored = storedFrom(backup.timeline);
    const [start, finish] = [indexOf(backup.startSegment, segmentBytes), indexOf(backup.finishSegment, segmentBytes)];
    const run = stored.runs.find(({ first, last }) => first <= start && finish <= last);
    const flaw =
      findFileFlaw(backup, byName, systemIdentifier) ??
      (isOnLine(stored.line, backup, segmentBytes) ? undefined : 'timeline-left') ??
      (run === undefined ? 'wal-missing-for-backup' : undefined);
    return { backup, stored, ...(flaw ? { flaw } : {}), ...(run ? { run } : {}) };
  });
}

function findFileFlaw(
  backup: StoredBackup,
  byName: BackupsByName,
  systemIdentifier: string | undefined,
): Flaw | undefined {
  if (systemIdentifier !== undefined && (backup.systemIdentifier ?? systemIdentifier) !== systemIdentifier)
    return 'wrong-cluster';
  if (isDamaged(backup)) return 'backup-damaged';
  // Of a delta's parents only their files are needed, not their WAL.
  return listWholeChain(backup, byName)?.some(isDamaged) === false ? undefined : 'parent-missing';
}

/** Parts of it are gone, or cut short. */
export function isDamaged({ parts, storedBytes, compressedBytes }: StoredBackup): boolean {
  return parts === 0 || storedBytes < compressedBytes;
}
