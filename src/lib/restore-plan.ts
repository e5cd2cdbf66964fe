// What a restore will do: from which base backup, up to where, and what it reads for that. No I/O. Room: lib (pure).
import type { RecoveryWindow } from '../api/protected-database.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { type JudgedBackup, judgeBackups } from './good-backups.ts';
import { fromMicroseconds, type RecoveryTarget, stopOf, toMicroseconds } from './recovery-target.ts';
import { formatTime } from './recovery-window.ts';
import { byNameOf, listChain, type StoreContents, type StoredBackup } from './store-contents.ts';
import { FINAL } from './stored-runs.ts';
import { indexOf, nameAt } from './timelines.ts';
import { segmentOf } from './wal-segment.ts';
import { buildInventory, listEdges, listStretches, type Stretch } from './windows.ts';

export interface RestorePlan {
  readonly baseBackup: StoredBackup;
  readonly target: RecoveryTarget;
  /** Bytes in the store of the base backup, and of those that it builds on. */
  readonly fetchBytes: number;
  /** The WAL that may be read, the last of it as far as it is known; absent where the base backup is no good. */
  readonly wal?: { readonly from: string; readonly to: string; readonly segments: number; readonly bytes: number };
  /** What the user should know of it. */
  readonly notes: readonly string[];
}

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

/** @throws Error where the target cannot be reached: what was asked for, what there is, what to do */
export function planRestore(contents: StoreContents, wanted: RestoreTarget, known: Known = {}): RestorePlan {
  const judged = judge(contents);
  const stop = stopOf(wanted);
  const chosen = chooseBase(contents, judged, wanted, known);
  const stretch = listStretches(contents, judged).find(({ backups }) => backups.some(isSame(chosen.backup)));
  const { target, notes } = settle(contents, chosen.backup, stretch, stop, known);
  const chain = listChain(chosen.backup, byNameOf(contents.backups));
  return {
    baseBackup: chosen.backup,
    target,
    fetchBytes: chain.reduce((total, { storedBytes }) => total + storedBytes, 0),
    ...(stretch ? { wal: measureWal(contents, chosen.backup, stretch, target, known) } : {}),
    notes: [...chosen.notes, ...notes],
  };
}

function judge(contents: StoreContents): JudgedBackup[] {
  return judgeBackups(contents, undefined, FINAL);
}

/**
 * Is it a base backup with its own WAL and no more, as retention leaves those of weeks ago? Recovery finds no transaction after it by
 * which it could tell that a time has come, and Postgres would not start: it can be restored to its own end.
 */
function isAlone(contents: StoreContents, stretch: Stretch): boolean {
  return !stretch.isOpen && listEdges(contents, stretch).length === 0;
}

const isSame =
  ({ name }: StoredBackup) =>
  (other: StoredBackup) =>
    other.name === name;

interface Chosen {
  readonly backup: StoredBackup;
  readonly notes: readonly string[];
}

/**
 * The newest good one before the target. Where all of them look bad the newest is tried all the same: it is the last hope, and what
 * a listing tells may be wrong.
 */
function chooseBase(
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

type Settled = Pick<RestorePlan, 'target' | 'notes'>;

/**
 * | target       | the base backup       | the WAL after it | the target is behind its last transaction | recovery stops at            |
 * | time         | is not good           |                  |                                           | the time                     |
 * | time         | alone with its WAL    |                  | yes                                       | refused: another moment      |
 * | time         | alone with its WAL    |                  | it is the backup's own end                | the backup's own end         |
 * | time         | good                  | ends at a gap    | yes                                       | refused: it is in the gap    |
 * | time         | good                  | ends at a gap    | yes, and it is the backup's own end       | the backup's own end         |
 * | time         | good                  | goes on          | yes                                       | the end of what is archived  |
 * | time         | good                  |                  | no, or not known                          | the time                     |
 * | lsn          | good                  | ends before it   |                                           | refused: it is not archived  |
 * | anything else                                                                                    | as it was asked for          |
 */
function settle(
  contents: StoreContents,
  backup: StoredBackup,
  stretch: Stretch | undefined,
  stop: RecoveryTarget,
  { lastEnd }: Known,
): Settled {
  if (!stretch) return { target: stop, notes: [] };
  if ('time' in stop) return settleTime(contents, backup, stretch, stop.time, lastEnd);
  if ('lsn' in stop) {
    const { index } = segmentOf(1, stop.lsn, contents.segmentBytes);
    if (index > stretch.run.last)
      throw new Error(
        `LSN ${stop.lsn} is not archived: after base backup ${backup.name} the WAL goes up to ${lastName(contents, stretch)}. ${tellWindows(contents)}`,
      );
  }
  return { target: stop, notes: [] };
}

function settleTime(
  contents: StoreContents,
  backup: StoredBackup,
  stretch: Stretch,
  time: string,
  lastEnd: bigint | undefined,
): Settled {
  const asked = toMicroseconds(time);
  if (isAlone(contents, stretch)) {
    if (asked <= toMicroseconds(backup.finishedAt)) return { target: { immediate: true }, notes: [] };
    throw new Error(
      `${time} cannot be restored: of the base backup before it, ${backup.name}, only its own moment is kept. Name ${backup.finishedAt}, or another time. ${tellWindows(contents)}`,
    );
  }
  if (lastEnd === undefined || asked < lastEnd) return { target: { time }, notes: [] };
  const end = lastEnd === 0n ? `base backup ${backup.name}` : fromMicroseconds(lastEnd);
  if (stretch.isOpen)
    return { target: { latest: true }, notes: [`nothing that is archived was committed after ${end}`] };
  if (asked === lastEnd) return { target: { latest: true }, notes: [] };
  if (asked === toMicroseconds(backup.finishedAt)) return { target: { immediate: true }, notes: [] };
  throw new Error(
    `${time} cannot be restored: WAL is missing after ${end}, the last transaction before it. ${tellWindows(contents)}`,
  );
}

function lastName(contents: StoreContents, { stored, run }: Stretch): string {
  return nameAt(stored.line, run.last, contents.segmentBytes);
}

function measureWal(
  contents: StoreContents,
  backup: StoredBackup,
  stretch: Stretch,
  target: RecoveryTarget,
  { markedIn }: Known,
): NonNullable<RestorePlan['wal']> {
  const { segmentBytes } = contents;
  const first = indexOf(backup.startSegment, segmentBytes);
  const last = Math.min(stretch.run.last, lastNeeded(contents, backup, stretch, target, markedIn));
  const from = nameAt(stretch.stored.line, first, segmentBytes);
  const to = nameAt(stretch.stored.line, Math.max(first, last), segmentBytes);
  const names = new Set(
    Array.from({ length: Math.max(0, last - first + 1) }, (_, each) =>
      nameAt(stretch.stored.line, first + each, segmentBytes),
    ),
  );
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

/**
 * Segments to look into before planRestore, the newest first. For a time: until one has the end of a transaction, of the stretch
 * that recovery would read. For a transaction or a restore point without a base backup: until one holds it, of all stretches.
 */
export function listToSearch(contents: StoreContents, wanted: RestoreTarget): string[] {
  const stop = stopOf(wanted);
  const judged = judge(contents);
  const stretches = listStretches(contents, judged);
  if ('time' in stop) {
    const { backup } = chooseBase(contents, judged, wanted, {});
    const stretch = stretches.find(({ backups }) => backups.some(isSame(backup)));
    return stretch && !isAlone(contents, stretch) ? namesBack(contents, stretch, backup) : [];
  }
  if (!('xid' in stop || 'name' in stop) || wanted.backup !== undefined) return [];
  const newestFirst = stretches.toSorted((a, b) => b.run.last - a.run.last);
  return newestFirst.flatMap((stretch) => namesBack(contents, stretch, stretch.backups[0]));
}

function namesBack(
  { segmentBytes }: StoreContents,
  { stored, run }: Stretch,
  { finishSegment }: StoredBackup,
): string[] {
  const count = run.last - indexOf(finishSegment, segmentBytes) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, each) => nameAt(stored.line, run.last - each, segmentBytes));
}

/** Is there a gap so young that it may only be an upload that was overtaken by the next? */
export function mayBeFilled(contents: StoreContents): boolean {
  const ends = (judged: readonly JudgedBackup[]) =>
    listStretches(contents, judged).map(({ stored, run }) => `${stored.line.newest}/${run.first}-${run.last}`);
  return ends(judge(contents)).join() !== ends(judgeBackups(contents)).join();
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
