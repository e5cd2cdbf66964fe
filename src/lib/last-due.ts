// When a schedule was due last. Room: lib (pure).
import { isSchedule, parseSchedule } from './cron.ts';
import { DAY, nextAfter, type Timed } from './cron-times.ts';

/** How far back is looked, step by step: a schedule that is due each minute needs no more than the first one. */
const STEPS = [DAY / 24, DAY, 8 * DAY, 32 * DAY, 367 * DAY, 5 * 367 * DAY];

/**
 * The last moment at or before `now` (both Unix milliseconds); undefined where there was none within years.
 * Of a schedule of intervals (`@every 6h`) one interval ago: when it began is not known.
 */
export function lastDue(timed: Timed, now: number): number | undefined {
  const { schedule } = timed;
  if (schedule.kind === 'every') return now - schedule.seconds * 1000;
  for (const step of STEPS) {
    let found: number | undefined;
    let next = nextAfter(timed, now - step);
    while (next !== undefined && next <= now) {
      found = next;
      next = nextAfter(timed, next);
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where the text is no schedule, as none that was accepted is. */
export function timed(text: string, timeZone: string): Timed | undefined {
  const schedule = parseSchedule(text);
  return isSchedule(schedule) ? { schedule, timeZone } : undefined;
}
