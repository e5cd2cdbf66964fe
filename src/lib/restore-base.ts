// From which base backup a restore begins, and what it is told where there is none. No I/O. Room: lib (pure).
import type { RecoveryWindow } from '../api/protected-database.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { type JudgedBackup, judgeBackups } from './good-backups.ts';
import { type RecoveryTarget, stopOf, toMicroseconds } from './recovery-target.ts';
import { formatTime } from './recovery-window.ts';
import type { StoreContents, StoredBackup } from './store-contents.ts';
import { FINAL } from './stored-runs.ts';
import { indexOf } from './timelines.ts';
import { segmentOf } from './wal-segment.ts';
import { buildInventory, listStretches, type Stretch } from './windows.ts';

/** What was found out of the archive beside its listing. */
export interface Known {
  /**
   * In microseconds since 1970, when the last transaction ended of the stretch that the base backup is in; 0 where none ended after
   * that; absent where it is not known.
   */
  readonly lastEnd?: bigint;
  /** Where the transaction, or the restore point, is: the newest segment that holds it. */
  readonly markedIn?: string;
}

/** For a recovery, which does not wait for what is missing. */
export function judge(contents: StoreContents): JudgedBackup[] {
  return judgeBackups(contents, undefined, FINAL);
}

/** The stretch that a recovery from the backup reads; undefined where the backup is no good. */
export function findStretch(
  contents: StoreContents,
  judged: readonly JudgedBackup[],
  { name }: StoredBackup,
): Stretch | undefined {
  return listStretches(contents, judged).find(({ backups }) => backups.some((each) => each.name === name));
}

export interface Chosen {
  readonly backup: StoredBackup;
  readonly notes: readonly string[];
}

/**
 * The newest good one before the target. Where all of them look bad the newest is tried all the same: it is the last hope, and what
 * a listing tells may be wrong.
 */
export function chooseBase(
  contents: StoreContents,
  judged: readonly JudgedBackup[],
  wanted: RestoreTarget,
  known: Known,
): Chosen {
  if (wanted.backup !== undefined) return chooseNamed(contents, judged, wanted.backup);
  const reaches = judged.filter(({ backup }) => isBefore(contents, backup, stopOf(wanted), known));
  const good = reaches.findLast(({ flaw }) => flaw === undefined);
  if (good) return { backup: good.backup, notes: [] };
  const last = reaches.at(-1);
  if (!last) throw new Error(explainNoBase(contents, stopOf(wanted)));
  return { backup: last.backup, notes: [describeFlaw(last, 'no base backup before the target is as it should be')] };
}

function chooseNamed(contents: StoreContents, judged: readonly JudgedBackup[], name: string): Chosen {
  const found = judged.find(({ backup }) => backup.name === name);
  if (!found) {
    const names = contents.backups.map((each) => each.name).slice(-20);
    throw new Error(`there is no base backup ${name}; there are: ${names.join(', ') || 'none'}`);
  }
  return { backup: found.backup, notes: found.flaw === undefined ? [] : [describeFlaw(found, 'it is not good')] };
}

function describeFlaw({ backup, flaw }: JudgedBackup, why: string): string {
  return `${why}; trying ${backup.name} (${flaw}), which may fail`;
}

/**
 * | target              | a base backup is before it when                                        |
 * | time                | it was finished at or before that                                      |
 * | lsn                 | its WAL ends at or before the segment that holds it                    |
 * | xid, name           | its WAL ends at or before the segment in which it was found            |
 * | immediate, latest   | always                                                                 |
 */
function isBefore(
  { segmentBytes }: StoreContents,
  backup: StoredBackup,
  stop: RecoveryTarget,
  { markedIn }: Known,
): boolean {
  if ('time' in stop) return toMicroseconds(backup.finishedAt) <= toMicroseconds(stop.time);
  const finish = indexOf(backup.finishSegment, segmentBytes);
  if ('lsn' in stop) return finish <= segmentOf(1, stop.lsn, segmentBytes).index;
  if ('xid' in stop || 'name' in stop) return markedIn !== undefined && finish <= indexOf(markedIn, segmentBytes);
  return true;
}

function explainNoBase(contents: StoreContents, stop: RecoveryTarget): string {
  const oldest = contents.backups[0];
  if (!oldest) return 'the store lists no base backup for this database';
  const asked = 'time' in stop ? stop.time : 'it';
  return `no base backup was finished before ${asked}: the oldest one was finished at ${oldest.finishedAt}. ${tellWindows(contents)}`;
}

/** The sentence that every refusal ends with. */
export function tellWindows(contents: StoreContents): string {
  const { recoveryWindows } = buildInventory(contents, judge(contents));
  if (recoveryWindows.length === 0) return 'No moment can be restored from what is stored';
  return `What can be restored: ${recoveryWindows.map(tellWindow).join(', ')}`;
}

function tellWindow({ from, to }: RecoveryWindow): string {
  if (to === from) return `the moment ${formatTime(from)}`;
  return `from ${formatTime(from)} ${to === undefined ? 'on' : `to ${formatTime(to)}`}`;
}
