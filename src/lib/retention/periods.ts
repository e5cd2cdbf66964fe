// Days, weeks and months of a calendar, as names that sort as they follow one another. Room: lib (pure).
import { offsetAt } from '../time-zone.ts';

export type Period = 'daily' | 'weekly' | 'monthly';

const DAY = 86_400_000;

/**
 * The period of the zone's calendar that holds the moment: 2026-11-20, 2026-W47 (ISO 8601) or 2026-11.
 * @param instant Unix milliseconds
 */
export function periodOf(period: Period, instant: number, timeZone: string): string {
  // Counts as UTC what the clocks of the zone show.
  const local = instant + offsetAt(timeZone, instant);
  if (period === 'weekly') return isoWeek(local);
  return new Date(local).toISOString().slice(0, period === 'daily' ? 10 : 7);
}

/** A week belongs to the year that its Thursday is in. */
function isoWeek(local: number): string {
  const daysAfterMonday = (new Date(local).getUTCDay() + 6) % 7;
  const thursday = new Date(local + (3 - daysAfterMonday) * DAY);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year)) / (7 * DAY));
  return `${year}-W${String(week).padStart(2, '0')}`;
}
