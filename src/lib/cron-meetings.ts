// Moments at which two schedules meet, and moments that a change of the clocks leaves out. Room: lib (pure).
import type { CronSchedule } from './cron.ts';
import { DAY, isDue, nextAfter, startOfDay, type Timed } from './cron-times.ts';
import { changesIn } from './time-zone.ts';

/** Two that have not met by then meet so rarely that nobody cares, or never. */
const STEPS = 2000;

/** The next moment (Unix milliseconds) at which both start; undefined where none is found within years. */
export function nextTogether(a: Timed, b: Timed, now: number): number | undefined {
  if (a.schedule.kind !== 'cron' || b.schedule.kind !== 'cron' || areApart(a, b)) return undefined;
  let [one, other]: (number | undefined)[] = [nextAfter(a, now), nextAfter(b, now)];
  for (let step = 0; step < STEPS; step++) {
    if (one === undefined || other === undefined) return undefined;
    if (one === other) return one;
    if (one < other) one = nextAfter(a, other - 1);
    else other = nextAfter(b, one - 1);
  }
  return undefined;
}

/** Known without a search: by the same clocks, no minute of the day is in both. */
function areApart(a: Timed, b: Timed): boolean {
  if (a.timeZone !== b.timeZone || a.schedule.kind !== 'cron' || b.schedule.kind !== 'cron') return false;
  const minutes = new Set(b.schedule.minutesOfDay);
  return !a.schedule.minutesOfDay.some((minute) => minutes.has(minute));
}

/**
 * The next day (YYYY-MM-DD, in its zone) within two years on which a schedule that is due has not a single run, because the
 * clocks are put forward over all of them.
 */
export function nextDayLeftOut({ schedule, timeZone }: Timed, now: number): string | undefined {
  if (schedule.kind !== 'cron') return undefined;
  const year = new Date(now).getUTCFullYear();
  for (const changes of [year, year + 1, year + 2].map((each) => changesIn(timeZone, each))) {
    for (const [index, { from, offset }] of changes.entries()) {
      const before = changes[index - 1]?.offset ?? offset;
      const [begin, end] = [from + before, from + offset];
      if (from <= now || end <= begin) continue;
      if (isLeftOut(schedule, begin, end)) return new Date(startOfDay(begin)).toISOString().slice(0, 10);
    }
  }
  return undefined;
}

/** @param begin and end of what the clocks leave out, as local times */
function isLeftOut(schedule: CronSchedule, begin: number, end: number): boolean {
  const day = startOfDay(begin);
  if (!isDue(schedule, day) || end > day + DAY) return false;
  return schedule.minutesOfDay.every((minute) => day + minute * 60_000 >= begin && day + minute * 60_000 < end);
}
