// Schedules that many databases share, spread by a stable hash: two hundred base backups must not start at one instant.
// Room: lib (pure).
import { shortHash } from './json.ts';

/** The clocks of no zone are put forward in these hours, so no spread run is ever left out. */
const FIRST_HOUR = 4;
const HOURS = 20;

/** Every month has this many days. */
const DAYS = 28;

type Pick = (name: string, count: number) => number;

/** What names a period and no moment in it. @midnight and @yearly name one, and so do five fields. */
const MACROS: Readonly<Record<string, (pick: Pick) => readonly (number | '*')[]>> = {
  '@hourly': (pick) => [pick('minute', 60), '*', '*', '*', '*'],
  '@daily': (pick) => [pick('minute', 60), pickHour(pick), '*', '*', '*'],
  '@weekly': (pick) => [pick('minute', 60), pickHour(pick), '*', '*', pick('weekday', 7)],
  '@monthly': (pick) => [pick('minute', 60), pickHour(pick), 1 + pick('day', DAYS), '*', '*'],
};

/** A schedule without a moment of its own gets one, always the same for the same key; any other is returned as it is. */
export function spreadSchedule(schedule: string, key: string): string {
  const fields = Object.hasOwn(MACROS, schedule) ? MACROS[schedule] : undefined;
  return fields ? fields((name, count) => pickStable(`${key}/${name}`, count)).join(' ') : schedule;
}

export function isSpread(schedule: string): boolean {
  return Object.hasOwn(MACROS, schedule);
}

/** From 0 to 59, always the same for the same key: where in its minute a run begins. */
export function pickDelaySeconds(key: string): number {
  return pickStable(`${key}/second`, 60);
}

/**
 * Seconds that a run waits still. Only one that a CronJob has started has a moment to keep: Kubernetes ends the name of its Job
 * with the scheduled minute, counted from 1970. One that was started by hand, or late, waits no more.
 *
 * @param now Unix milliseconds
 */
export function delayLeft(job: string, delaySeconds: number, now: number): number {
  const minute = /-(\d{8,9})$/.exec(job)?.[1];
  if (minute === undefined) return 0;
  const left = Number(minute) * 60 + delaySeconds - now / 1000;
  return left > 0 && left <= delaySeconds ? left : 0;
}

function pickHour(pick: Pick): number {
  return FIRST_HOUR + pick('hour', HOURS);
}

function pickStable(text: string, count: number): number {
  return Number.parseInt(shortHash(text), 16) % count;
}
