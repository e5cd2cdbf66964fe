// The lines of a policy's retention, one by one. Room: lib (pure).
import { byNameOf, listChain, type StoreContents, type StoredBackup } from '../store-contents.ts';
import { findNewestTimeline, isOnPath, listTimelinesInUse, mayBeOnPath, pathOf } from './lineage.ts';
import { type Period, periodOf } from './periods.ts';
import type { Reason, RetentionRules } from './rules.ts';
import { finish, hasOrderlyTimes, isFull } from './sound.ts';

/** What is kept and why, while the lines of a policy are gone through. */
export interface Keeping {
  readonly reasons: Map<StoredBackup, Set<Reason>>;
  /** Those that are kept with all WAL from their start on. */
  readonly anchors: Set<StoredBackup>;
}

function keep({ reasons }: Keeping, backup: StoredBackup, reason: Reason): void {
  reasons.set(backup, (reasons.get(backup) ?? new Set()).add(reason));
}

function anchor(keeping: Keeping, backup: StoredBackup, reason: Reason): void {
  keep(keeping, backup, reason);
  keeping.anchors.add(backup);
}

export function keepAlways(keeping: Keeping, list: readonly StoredBackup[]): void {
  const [newest, newestFull] = [list.at(-1), list.findLast(isFull)];
  if (newest) keep(keeping, newest, 'newest');
  if (newestFull) anchor(keeping, newestFull, 'newest');
}

/** Counted among all, and once more for each timeline in use: what an old primary still makes takes no place of the new one's. */
export function keepFulls(
  keeping: Keeping,
  list: readonly StoredBackup[],
  contents: StoreContents,
  { keepFull, minFullBackups }: RetentionRules,
): void {
  for (const { fulls, backups } of [
    { fulls: list.filter(isFull), backups: list },
    ...groupByTimelineInUse(list, contents),
  ]) {
    for (const backup of fulls.slice(-minFullBackups)) anchor(keeping, backup, 'minFullBackups');
    if (keepFull === undefined) continue;
    const wanted = fulls.slice(-keepFull);
    for (const backup of wanted) anchor(keeping, backup, 'keepFull');
    const [oldest] = wanted;
    if (oldest) for (const backup of backups.slice(backups.indexOf(oldest))) keep(keeping, backup, 'keepFull');
  }
}

/** An idle primary writes nothing for a while, in milliseconds. */
const IDLE_MS = 24 * 3_600_000;

/**
 * Of each timeline in use the full ones from which a recovery surely gets to it, and all that may belong to it. In use are the
 * newest one, and any of which something was written since the last full backup of that, or not long before.
 */
function groupByTimelineInUse(list: readonly StoredBackup[], contents: StoreContents) {
  const { segmentBytes } = contents;
  const ofTimeline = (timeline: number) => {
    const path = pathOf(timeline, contents);
    const backups = list.filter((each) => mayBeOnPath(each, path, segmentBytes));
    return { backups, fulls: backups.filter((each) => isFull(each) && isOnPath(each, path, segmentBytes)) };
  };
  const newest = findNewestTimeline(contents);
  const last = ofTimeline(newest).fulls.at(-1);
  const since = last ? finish(last) - IDLE_MS : Number.NEGATIVE_INFINITY;
  return [...new Set([newest, ...listTimelinesInUse(contents, since)])].map(ofTimeline);
}

export function keepPeriods(keeping: Keeping, list: readonly StoredBackup[], rules: RetentionRules): void {
  const lines = { daily: rules.keepDaily, weekly: rules.keepWeekly, monthly: rules.keepMonthly };
  for (const [period, count] of Object.entries(lines) as [Period, number | undefined][]) {
    if (count === undefined) continue;
    const newest = new Map(list.map((each) => [periodOf(period, finish(each), rules.timeZone), each]));
    const periods = [...newest.keys()].sort().slice(-count);
    for (const name of periods) keep(keeping, newest.get(name) as StoredBackup, `${period} ${name}`);
  }
}

/** Whatever was finished in the window made its timeline one in use, and came after the base of that. @param from Unix milliseconds */
export function keepWindow(
  keeping: Keeping,
  list: readonly StoredBackup[],
  contents: StoreContents,
  from: number,
): void {
  for (const timeline of listTimelinesInUse(contents, from)) {
    const path = pathOf(timeline, contents);
    const onPath = list.filter((each) => mayBeOnPath(each, path, contents.segmentBytes));
    const base = onPath.findLast(
      (each) => isFull(each) && finish(each) <= from && isOnPath(each, path, contents.segmentBytes),
    );
    if (base) {
      anchor(keeping, base, 'recoveryWindow');
      for (const backup of onPath.slice(onPath.indexOf(base))) keep(keeping, backup, 'recoveryWindow');
      continue;
    }
    // It may be any of these, and of a path whose beginning is lost any older one.
    const mayBeBase = (each: StoredBackup) => onPath.includes(each) || (path.isTorn && each.timeline <= timeline);
    for (const backup of list.filter(mayBeBase)) anchor(keeping, backup, 'recoveryWindow');
  }
}

export function keepUnclear(
  keeping: Keeping,
  backups: readonly StoredBackup[],
  sound: readonly StoredBackup[],
  now: string,
): void {
  const oldest = Math.min(...[...keeping.anchors].map(finish));
  for (const backup of backups) {
    const isTimely = hasOrderlyTimes(backup, now);
    if (backup.isPermanent) keep(keeping, backup, 'permanent');
    if (!isTimely) keep(keeping, backup, 'odd times');
    if (isTimely && !sound.includes(backup) && finish(backup) >= oldest) keep(keeping, backup, 'broken and recent');
  }
}

export function keepParents(keeping: Keeping, backups: readonly StoredBackup[]): void {
  const byName = byNameOf(backups);
  for (const backup of [...keeping.reasons.keys()]) {
    for (const parent of listChain(backup, byName).slice(1)) keep(keeping, parent, `parent of ${backup.name}`);
  }
}
