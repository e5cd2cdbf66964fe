// When a schedule is due: every minute that the clocks of its zone show and its fields name. Where clocks are put forward, the
// minutes that they leave out are not due at all; where they are put back, some are due twice. So does Kubernetes.
// Room: lib (pure).
import type { CronSchedule, Schedule } from './cron.ts';
import { offsetAt } from './time-zone.ts';

/** A schedule and its zone, both of them valid. */
export interface Timed {
  readonly schedule: Schedule;
  /** Of IANA. */
  readonly timeZone: string;
}

const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** As robfig/cron: what is not due within five years is never due. */
const YEARS = 5;

/** Next moment after this one (both Unix milliseconds); undefined where there is none within five years. */
export function nextAfter({ schedule, timeZone }: Timed, instant: number): number | undefined {
  if (schedule.kind === 'every') return instant + schedule.seconds * 1000;
  const local = instant + offsetAt(timeZone, instant);
  const limit = Date.UTC(new Date(local).getUTCFullYear() + YEARS + 1);
  for (let day = startOfDay(local) - DAY; day < limit; day += DAY) {
    if (!isDue(schedule, day)) continue;
    const next = listTimes(schedule, timeZone, day).find((time) => time > instant);
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Midnight of the day, in a count of milliseconds that takes the local time for UTC's. */
export function startOfDay(local: number): number {
  return Math.floor(local / DAY) * DAY;
}

/** Whether the schedule is due on this day at all, whatever the clocks do on it. */
export function isDue(
  { daysOfMonth, months, daysOfWeek, isStarred, minutesOfDay }: CronSchedule,
  day: number,
): boolean {
  const date = new Date(day);
  if (minutesOfDay.length === 0 || !months.has(date.getUTCMonth() + 1)) return false;
  const [inMonth, inWeek] = [daysOfMonth.has(date.getUTCDate()), daysOfWeek.has(date.getUTCDay())];
  return isStarred ? inMonth && inWeek : inMonth || inWeek;
}

/** All moments of a day on which it is due, in order. */
export function listTimes(
  { minutesOfDay }: CronSchedule,
  timeZone: string,
  day: number,
  offsets = offsetsAround(timeZone, day),
): number[] {
  const [first = 0] = offsets;
  if (offsets.length === 1) return minutesOfDay.map((minute) => day + minute * MINUTE - first);
  return minutesOfDay
    .flatMap((minute) => offsets.map((offset) => ({ time: day + minute * MINUTE - offset, offset })))
    .filter(({ time, offset }) => offsetAt(timeZone, time) === offset)
    .map(({ time }) => time)
    .sort((a, b) => a - b);
}

/** One where the clocks run evenly all day, two where they are changed. */
export function offsetsAround(timeZone: string, day: number): readonly number[] {
  const before = offsetAt(timeZone, day - DAY);
  const after = offsetAt(timeZone, day + 2 * DAY);
  return before === after ? [before] : [before, after];
}
