// The WAL of a restore: what has to be looked into before it is planned, and what it will read. No I/O. Room: lib (pure).
import type { RestoreTarget } from '../api/restore.ts';
import { type JudgedBackup, judgeBackups } from './good-backups.ts';
import { type RecoveryTarget, stopOf } from './recovery-target.ts';
import { chooseBase, findStretch, judge, type Known } from './restore-base.ts';
import type { StoreContents, StoredBackup } from './store-contents.ts';
import { indexOf, nameAt, namesAlong } from './timelines.ts';
import { segmentOf } from './wal-segment.ts';
import { listEdges, listStretches, type Stretch } from './windows.ts';

/**
 * Is it a base backup with its own WAL and no more, as retention leaves those of weeks ago? Recovery finds no transaction after it by
 * which it could tell that a time has come, and Postgres would not start: it can be restored to its own end.
 */
export function isAlone(contents: StoreContents, stretch: Stretch): boolean {
  return !stretch.isOpen && listEdges(contents, stretch).length === 0;
}

/**
 * Segments to look into before planRestore, the newest first. For a time: until one has the end of a transaction, of the stretch
 * that recovery would read. For a transaction or a restore point without a base backup: until one holds it, of all stretches.
 */
export function listToSearch(contents: StoreContents, wanted: RestoreTarget): string[] {
  const stop = stopOf(wanted);
  const judged = judge(contents);
  if ('time' in stop) {
    const { backup } = chooseBase(contents, judged, wanted, {});
    const stretch = findStretch(contents, judged, backup);
    return stretch && !isAlone(contents, stretch) ? namesBack(contents, stretch, backup) : [];
  }
  if (!('xid' in stop || 'name' in stop) || wanted.backup !== undefined) return [];
  const newestFirst = listStretches(contents, judged).toSorted((a, b) => b.run.last - a.run.last);
  return newestFirst.flatMap((stretch) => namesBack(contents, stretch, stretch.backups[0]));
}

function namesBack(
  { segmentBytes }: StoreContents,
  { stored, run }: Stretch,
  { finishSegment }: StoredBackup,
): string[] {
  return namesAlong(stored.line, indexOf(finishSegment, segmentBytes), run.last, segmentBytes).toReversed();
}

/** Is there a gap so young that it may only be an upload that was overtaken by the next? */
export function mayBeFilled(contents: StoreContents): boolean {
  const ends = (judged: readonly JudgedBackup[]) =>
    listStretches(contents, judged).map(({ stored, run }) => `${stored.line.newest}/${run.first}-${run.last}`);
  return ends(judge(contents)).join() !== ends(judgeBackups(contents)).join();
}

export interface WalToRead {
  readonly from: string;
  readonly to: string;
  readonly segments: number;
  readonly bytes: number;
}

export function measureWal(
  contents: StoreContents,
  backup: StoredBackup,
  stretch: Stretch,
  target: RecoveryTarget,
  { markedIn }: Known,
): WalToRead {
  const { segmentBytes } = contents;
  const first = indexOf(backup.startSegment, segmentBytes);
  const last = Math.min(stretch.run.last, lastNeeded(contents, backup, stretch, target, markedIn));
  const from = nameAt(stretch.stored.line, first, segmentBytes);
  const to = nameAt(stretch.stored.line, Math.max(first, last), segmentBytes);
  const names = new Set(namesAlong(stretch.stored.line, first, last, segmentBytes));
  const needed = contents.segments.filter(({ name }) => names.has(name));
  return { from, to, segments: needed.length, bytes: needed.reduce((total, { bytes }) => total + bytes, 0) };
}

/** A transaction was stored after it ended: what was stored up to the target, and one segment more, holds all before it. */
function lastNeeded(
  { segments, segmentBytes }: StoreContents,
  backup: StoredBackup,
  { run }: Stretch,
  target: RecoveryTarget,
  markedIn: string | undefined,
): number {
  if ('immediate' in target) return indexOf(backup.finishSegment, segmentBytes);
  if ('lsn' in target) return segmentOf(1, target.lsn, segmentBytes).index;
  if (markedIn !== undefined) return indexOf(markedIn, segmentBytes);
  if (!('time' in target)) return run.last;
  const time = Date.parse(target.time);
  const later = segments.filter(({ modifiedAt }) => Date.parse(modifiedAt) >= time);
  const indexes = later.map(({ name }) => indexOf(name, segmentBytes));
  return Math.max(indexOf(backup.finishSegment, segmentBytes), Math.min(run.last, ...indexes));
}
