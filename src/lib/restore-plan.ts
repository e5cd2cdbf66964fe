// What a restore will do: from which base backup, up to where, and what it reads for that. No I/O. Room: lib (pure).
import type { RestoreTarget } from '../api/restore.ts';
import { fromMicroseconds, type RecoveryTarget, stopOf, toMicroseconds } from './recovery-target.ts';
import { chooseBase, findStretch, judge, type Known, tellWindows } from './restore-base.ts';
import { isAlone, measureWal, type WalToRead } from './restore-wal.ts';
import { byNameOf, listChain, type StoreContents, type StoredBackup } from './store-contents.ts';
import { nameAt } from './timelines.ts';
import { segmentOf } from './wal-segment.ts';
import type { Stretch } from './windows.ts';

export interface RestorePlan {
  readonly baseBackup: StoredBackup;
  readonly target: RecoveryTarget;
  /** Bytes in the store of the base backup, and of those that it builds on. */
  readonly fetchBytes: number;
  /** The WAL that may be read, the last of it as far as it is known; absent where the base backup is no good. */
  readonly wal?: WalToRead;
  /** What the user should know of it. */
  readonly notes: readonly string[];
}

/** @throws Error where the target cannot be reached: what was asked for, what there is, what to do */
export function planRestore(contents: StoreContents, wanted: RestoreTarget, known: Known = {}): RestorePlan {
  const judged = judge(contents);
  const stop = stopOf(wanted);
  const chosen = chooseBase(contents, judged, wanted, known);
  const stretch = findStretch(contents, judged, chosen.backup);
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
