// From what the store holds to the times that can be restored. Room: lib (pure).
import type { Inventory, RecoveryWindow } from '../api/protected-database.ts';
import type { JudgedBackup } from './good-backups.ts';
import { byFinish, type StoreContents, type StoredBackup } from './store-contents.ts';
import { type Run, type Stored, UPLOAD_MS } from './stored-runs.ts';
import { indexOf, namesAlong } from './timelines.ts';
import { formatSegment } from './wal-segment.ts';

/** Base backups from which a recovery reads WAL to one and the same end. */
export interface Stretch {
  /** By their finish, oldest first; all of them good. */
  readonly backups: readonly [StoredBackup, ...StoredBackup[]];
  readonly stored: Stored;
  readonly run: Run;
  /** New WAL makes it longer. */
  readonly isOpen: boolean;
}

/** By their first backup's finish, oldest first. */
export function listStretches(contents: StoreContents, judged: readonly JudgedBackup[]): Stretch[] {
  const good = judged.filter((each): each is JudgedBackup & { run: Run } => each.flaw === undefined && !!each.run);
  const groups = Map.groupBy(good, ({ stored, run }) => `${stored.line.newest}/${run.first}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const [oldest, ...younger] = group.map(({ backup }) => backup).sort(byFinish);
    if (first === undefined || oldest === undefined) return [];
    const { stored, run } = first;
    return [{ backups: [oldest, ...younger] as const, stored, run, isOpen: isOpen(first, contents) }];
  });
}

/** It ends at the newest WAL of its line, and nothing was written on a newer timeline, which it does not reach. */
function isOpen({ stored, run }: JudgedBackup & { run: Run }, { segments, listedAt }: StoreContents): boolean {
  if (run !== stored.runs.at(-1) || stored.lost.length > 0) return false;
  const own = formatSegment({ timeline: stored.line.newest, index: 0 }).slice(0, 8);
  // They are in the order of their names, and a name begins with its timeline.
  const newer = segments.slice(segments.findLastIndex(({ name }) => name.slice(0, 8) <= own) + 1);
  return !newer.some(({ modifiedAt }) => Date.parse(listedAt) - Date.parse(modifiedAt) >= UPLOAD_MS);
}

/** How far back from the end of a stretch a transaction is looked for. */
const EDGE_SEGMENTS = 4;

/**
 * The last segments of a closed stretch, the very last one first: their transactions say when it ends. Of none where it is one
 * backup with its own WAL, as retention leaves them: nothing that came after it is there.
 */
export function listEdges({ segmentBytes }: StoreContents, { backups, stored, run, isOpen }: Stretch): string[] {
  const isAlone = backups.length === 1 && indexOf(backups[0].finishSegment, segmentBytes) === run.last;
  if (isOpen || isAlone) return [];
  const first = Math.max(run.first, run.last - EDGE_SEGMENTS + 1);
  return namesAlong(stored.line, first, run.last, segmentBytes).toReversed();
}

/**
 * From the first backup's finish on. A closed one goes up to its last transaction: Postgres stops where a target is later than
 * that. Where none is known to have come after the backup, it is that one moment.
 */
function toWindow(contents: StoreContents, stretch: Stretch, times: ReadonlyMap<string, string>): RecoveryWindow {
  const from = stretch.backups[0].finishedAt;
  const baseBackups = stretch.backups.length;
  if (stretch.isOpen) return { from, baseBackups };
  const last = listEdges(contents, stretch).find((name) => times.has(name));
  const at = Date.parse((last && times.get(last)) ?? from);
  return { from, to: new Date(Math.max(at, Date.parse(from))).toISOString(), baseBackups };
}

/** More would not fit into a job's report. */
const MAX_WINDOWS = 8;

/** The counts are of good base backups, the bytes of all that is stored. */
export function buildInventory(contents: StoreContents, judged: readonly JudgedBackup[]): Inventory {
  const { backups, unusable, segments, listedAt } = contents;
  const good = judged.filter(({ flaw }) => flaw === undefined).map(({ backup }) => backup);
  const times = new Map(segments.flatMap(({ name, lastTransactionAt: at }) => (at === undefined ? [] : [[name, at]])));
  const windows = listStretches(contents, judged).map((each) => toWindow(contents, each, times));
  return {
    listedAt,
    baseBackups: good.length,
    fullBackups: good.filter(({ parent }) => parent === undefined).length,
    backupBytes: sum([...backups, ...unusable].map(({ storedBytes }) => storedBytes)),
    walBytes: sum(segments.map(({ bytes }) => bytes)),
    walSegments: segments.length,
    recoveryWindows: windows.sort((a, b) => Date.parse(a.from) - Date.parse(b.from)).slice(-MAX_WINDOWS),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
