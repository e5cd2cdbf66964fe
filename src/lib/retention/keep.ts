// The lines of a policy's retention, one by one. Room: lib (pure).
import type { StoreContents, StoredBackup } from '../store-contents.ts';
import { isOnPath, listTimelinesInUse, mayBeOnPath, pathOf } from './lineage.ts';
import { type Period, periodOf } from './periods.ts';
import type { Reason, RetentionRules } from './rules.ts';
import { finish, hasOrderlyTimes, isFull } from './sound.ts';

/** What is kept and why, while the lines of a policy are gone through. */
export class Keeping {
  readonly reasons = new Map<StoredBackup, Set<Reason>>();
  readonly anchors = new Set<StoredBackup>();

  keep(backup: StoredBackup, reason: Reason): void {
    const reasons = this.reasons.get(backup) ?? new Set<Reason>();
    this.reasons.set(backup, reasons.add(reason));
  }

  /** With all WAL from its start on. */
  anchor(backup: StoredBackup, reason: Reason): void {
    this.keep(backup, reason);
    this.anchors.add(backup);
  }
}

export function keepAlways(keeping: Keeping, list: readonly StoredBackup[]): void {
  const [newest, newestFull] = [list.at(-1), list.findLast(isFull)];
  if (newest) keeping.keep(newest, 'newest');
  if (newestFull) keeping.anchor(newestFull, 'newest');
}

export function keepFulls(
  keeping: Keeping,
  list: readonly StoredBackup[],
  { keepFull, minFullBackups }: RetentionRules,
): void {
  const fulls = list.filter(isFull);
  for (const backup of fulls.slice(-minFullBackups)) keeping.anchor(backup, 'minFullBackups');
  if (keepFull === undefined) return;
  const wanted = fulls.slice(-keepFull);
  for (const backup of wanted) keeping.anchor(backup, 'keepFull');
  const [oldest] = wanted;
  if (oldest) for (const backup of list.slice(list.indexOf(oldest))) keeping.keep(backup, 'keepFull');
}

export function keepPeriods(keeping: Keeping, list: readonly StoredBackup[], rules: RetentionRules): void {
  const lines = { daily: rules.keepDaily, weekly: rules.keepWeekly, monthly: rules.keepMonthly };
  for (const [period, count] of Object.entries(lines) as [Period, number | undefined][]) {
    if (count === undefined) continue;
    const newest = new Map(list.map((each) => [periodOf(period, finish(each), rules.timeZone), each]));
    const periods = [...newest.keys()].sort().slice(-count);
    for (const name of periods) keeping.keep(newest.get(name) as StoredBackup, `${period} ${name}`);
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
      keeping.anchor(base, 'recoveryWindow');
      for (const backup of onPath.slice(onPath.indexOf(base))) keeping.keep(backup, 'recoveryWindow');
      continue;
    }
    // It may be any of these, and of a path whose beginning is lost any older one.
    const mayBeBase = (each: StoredBackup) => onPath.includes(each) || (path.isTorn && each.timeline <= timeline);
    for (const backup of list.filter(mayBeBase)) keeping.anchor(backup, 'recoveryWindow');
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
    if (backup.isPermanent) keeping.keep(backup, 'permanent');
    if (!isTimely) keeping.keep(backup, 'odd times');
    if (isTimely && !sound.includes(backup) && finish(backup) >= oldest) keeping.keep(backup, 'broken and recent');
  }
}

export function keepParents(keeping: Keeping, backups: readonly StoredBackup[]): void {
  const byName = new Map(backups.map((backup) => [backup.name, backup]));
  for (const backup of [...keeping.reasons.keys()]) {
    for (let { parent } = backup, steps = 0; parent !== undefined && steps < backups.length; steps++) {
      const found = byName.get(parent);
      if (found) keeping.keep(found, `parent of ${backup.name}`);
      parent = found?.parent;
    }
  }
}
