// How far apart the runs of schedules are, over some years with leap days and changes of the clocks. Room: lib (pure).
import type { CronSchedule } from './cron.ts';
import { DAY, isDue, listTimes, offsetsAround, type Timed } from './cron-times.ts';

/** Always the same years, so that a policy is judged the same on every day; two leap days, so that 29 February has a gap. */
const FROM = Date.UTC(2025, 0);
const UNTIL = Date.UTC(2033, 0);

/** In seconds. */
export interface Gaps {
  readonly longest: number;
  readonly shortest: number;
}

/** Undefined where it is due once or never. */
export function measureGaps({ schedule, timeZone }: Timed): Gaps | undefined {
  if (schedule.kind === 'every') return { longest: schedule.seconds, shortest: schedule.seconds };
  const gaps = collectGaps();
  const ends = endsOf(schedule);
  gaps.add(...schedule.minutesOfDay.map((minute) => minute * 60_000));
  let last: number | undefined;
  for (const day of listDueDays(schedule)) {
    const offsets = offsetsAround(timeZone, day);
    const isEven = offsets.length === 1;
    const times = listTimes(isEven ? ends : schedule, timeZone, day, offsets);
    if (last !== undefined && times[0] !== undefined) gaps.add(last, times[0]);
    if (!isEven) gaps.add(...times);
    last = times.at(-1) ?? last;
  }
  return last === undefined ? undefined : gaps.read();
}

/** More runs on one day than anybody would count together. */
const FEW = 20;

/**
 * The longest time, in seconds, in which none of these is due; undefined where no two runs are known. Of schedules that are due
 * very often, that of the best one of them.
 */
export function longestGapAmong(all: readonly Timed[]): number | undefined {
  const own = all.map((timed) => measureGaps(timed)?.longest ?? Number.POSITIVE_INFINITY);
  const best = Math.min(Number.POSITIVE_INFINITY, ...own);
  const runs = all.reduce(
    (sum, { schedule }) => sum + (schedule.kind === 'cron' ? schedule.minutesOfDay.length : FEW),
    0,
  );
  const together = all.length > 1 && runs < FEW ? longestOf(listRuns(all)) : 0;
  const gap = together > 0 ? Math.min(together, best) : best;
  return Number.isFinite(gap) ? gap : undefined;
}

function listRuns(all: readonly Timed[]): number[] {
  const times = all.flatMap(({ schedule, timeZone }) =>
    schedule.kind === 'cron' ? listDueDays(schedule).flatMap((day) => listTimes(schedule, timeZone, day)) : [],
  );
  return times.sort((a, b) => a - b);
}

function listDueDays(schedule: CronSchedule): number[] {
  const days: number[] = [];
  for (let day = FROM; day < UNTIL; day += DAY) if (isDue(schedule, day)) days.push(day);
  return days;
}

/** Its first and its last run of a day. */
function endsOf(schedule: CronSchedule): CronSchedule {
  const { minutesOfDay } = schedule;
  return { ...schedule, minutesOfDay: [...minutesOfDay.slice(0, 1), ...minutesOfDay.slice(1).slice(-1)] };
}

function longestOf(times: readonly number[]): number {
  const gaps = collectGaps();
  gaps.add(...times);
  return gaps.read()?.longest ?? 0;
}

/** Of moments in milliseconds, given in order; two that are the same count as one. */
function collectGaps(): { readonly add: (...times: readonly number[]) => void; readonly read: () => Gaps | undefined } {
  let longest = 0;
  let shortest = Number.POSITIVE_INFINITY;
  return {
    add: (...times) => {
      for (let index = 1; index < times.length; index++) {
        const gap = (times[index] ?? 0) - (times[index - 1] ?? 0);
        if (gap > longest) longest = gap;
        if (gap > 0 && gap < shortest) shortest = gap;
      }
    },
    read: () => (longest === 0 ? undefined : { longest: longest / 1000, shortest: shortest / 1000 }),
  };
}
