// What a policy's retention keeps of a store, and what may go. In doubt everything stays. Room: lib (pure).
import {
  type Keeping,
  keepAlways,
  keepFulls,
  keepParents,
  keepPeriods,
  keepUnclear,
  keepWindow,
} from './retention/keep.ts';
import type { Reason, RetentionRules } from './retention/rules.ts';
import { finish, hasOrderlyTimes, isFull, listSound } from './retention/sound.ts';
import { listNeedlessSegments } from './retention/wal.ts';
import { byNameOf, listWholeChain, type StoreContents, type StoredBackup } from './store-contents.ts';

export type { Reason, RetentionRules } from './retention/rules.ts';

export interface RetentionDecision {
  /** Oldest finish first. */
  readonly kept: readonly { readonly name: string; readonly reasons: readonly Reason[] }[];
  /** In the order in which they may go: a delta before its parent. */
  readonly removed: readonly string[];
  /** WAL segments that go, oldest first. All others stay, and every timeline's history. */
  readonly removedSegments: readonly string[];
  /** RFC 3339: of what began since, nothing goes. Undefined where nothing goes at all. */
  readonly since?: string;
}

/**
 * | line           | keeps                                                                    | all WAL from its start on |
 * | always         | the newest full backup; the newest backup; permanent ones; odd times     | of the newest full one    |
 * | recoveryWindow | of each timeline in use the newest full backup that was finished when    | of that full one          |
 * |                | the window began, and whatever was finished since                        |                           |
 * | keepFull       | of all, and of each timeline in use, the newest N full ones, and         | of each of the N          |
 * |                | whatever was finished since the oldest of them                           |                           |
 * | minFullBackups | of all, and of each timeline in use, the newest N full ones              | of each of the N          |
 * | keepDaily ...  | the newest backup of each of the newest N days that have one             | no: from start to finish  |
 *
 * Parents of what is kept stay. Each line looks at the sound backups, and once more at all of them: a broken one never takes
 * the place of a sound one, and never goes for being broken. Without a sound full backup everything stays. All WAL stays while
 * there is a backup whose sentinel cannot be read: which it needs is not known.
 *
 * @param rules undefined where the policy has no retention: everything stays
 * @param now RFC 3339
 */
export function decideRetention(
  contents: StoreContents,
  rules: RetentionRules | undefined,
  now: string,
): RetentionDecision {
  const backups = [...contents.backups].sort(inOrder);
  const ordered = { ...contents, backups };
  const timely = (backup: StoredBackup) => hasOrderlyTimes(backup, now);
  const sound = listSound(ordered).filter(timely);
  if (!rules || !sound.some(isFull)) return keepEverything(backups);
  const keeping: Keeping = { reasons: new Map(), anchors: new Set() };
  for (const list of [sound, backups.filter(timely)]) {
    keepAlways(keeping, list);
    keepFulls(keeping, list, ordered, rules);
    keepPeriods(keeping, list, rules);
    if (rules.recoveryWindowSeconds !== undefined)
      keepWindow(keeping, list, ordered, Date.parse(now) - rules.recoveryWindowSeconds * 1000);
  }
  keepUnclear(keeping, backups, sound, now);
  keepParents(keeping, backups);
  return conclude(ordered, keeping);
}

function conclude(contents: StoreContents, { reasons, anchors }: Keeping): RetentionDecision {
  const { backups } = contents;
  const byName = byNameOf(backups);
  const depth = (backup: StoredBackup) => listWholeChain(backup, byName)?.length ?? backups.length;
  const kept = backups.filter((backup) => reasons.has(backup));
  const removed = backups.filter((backup) => !reasons.has(backup)).sort((a, b) => depth(b) - depth(a));
  const since = [...anchors].map(({ startedAt }) => startedAt).sort((a, b) => Date.parse(a) - Date.parse(b))[0];
  return {
    kept: kept.map((backup) => ({ name: backup.name, reasons: [...(reasons.get(backup) ?? [])] })),
    removed: removed.map(({ name }) => name),
    removedSegments: hasUnreadable(contents) ? [] : listNeedlessSegments(contents, kept, [...anchors]),
    ...(since === undefined ? {} : { since }),
  };
}

function hasUnreadable({ unusable }: StoreContents): boolean {
  return unusable.some(({ why }) => why === 'sentinel-unreadable');
}

function keepEverything(backups: readonly StoredBackup[]): RetentionDecision {
  return {
    kept: backups.map(({ name }) => ({ name, reasons: ['everything stays'] })),
    removed: [],
    removedSegments: [],
  };
}

/** What is left of a store after that. */
export function carryOut(
  contents: StoreContents,
  { removed, removedSegments }: Pick<RetentionDecision, 'removed' | 'removedSegments'>,
): StoreContents {
  const [gone, goneSegments] = [new Set(removed), new Set(removedSegments)];
  return {
    ...contents,
    backups: contents.backups.filter(({ name }) => !gone.has(name)),
    segments: contents.segments.filter(({ name }) => !goneSegments.has(name)),
  };
}

/** By their finish; those of one moment by their names, so that the order of a listing does not matter. */
function inOrder(a: StoredBackup, b: StoredBackup): number {
  const [one, other] = [finish(a), finish(b)];
  if (one !== other && !Number.isNaN(one) && !Number.isNaN(other)) return one - other;
  if (Number.isNaN(one) !== Number.isNaN(other)) return Number.isNaN(one) ? 1 : -1;
  return a.name < b.name ? -1 : 1;
}
