import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodOf } from '../../../src/lib/retention/periods.ts';

for (const [time, zone, day, week, month] of [
  ['2026-11-20T12:00:00Z', 'Etc/UTC', '2026-11-20', '2026-W47', '2026-11'],
  ['2026-11-20T23:30:00Z', 'Europe/Berlin', '2026-11-21', '2026-W47', '2026-11'],
  ['2026-12-01T04:59:00Z', 'America/New_York', '2026-11-30', '2026-W49', '2026-11'],
  // Sunday is the last day of a week.
  ['2026-11-22T23:59:59Z', 'Etc/UTC', '2026-11-22', '2026-W47', '2026-11'],
  ['2026-11-23T00:00:00Z', 'Etc/UTC', '2026-11-23', '2026-W48', '2026-11'],
  // The year of a week is that of its Thursday.
  ['2027-01-01T12:00:00Z', 'Etc/UTC', '2027-01-01', '2026-W53', '2027-01'],
  ['2027-01-04T12:00:00Z', 'Etc/UTC', '2027-01-04', '2027-W01', '2027-01'],
  ['2024-12-30T12:00:00Z', 'Etc/UTC', '2024-12-30', '2025-W01', '2024-12'],
  // Clocks are put back at 01:00 UTC on this day.
  ['2026-10-25T22:30:00Z', 'Europe/Berlin', '2026-10-25', '2026-W43', '2026-10'],
  ['2026-10-24T22:30:00Z', 'Europe/Berlin', '2026-10-25', '2026-W43', '2026-10'],
] as const) {
  test(`${time} in ${zone} is ${day}, ${week}, ${month}`, () => {
    const instant = Date.parse(time);
    assert.deepEqual(
      [periodOf('daily', instant, zone), periodOf('weekly', instant, zone), periodOf('monthly', instant, zone)],
      [day, week, month],
    );
  });
}
