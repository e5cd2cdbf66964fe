import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSchedule, parseSchedule } from '../../src/lib/cron.ts';
import { longestGapAmong, measureGaps } from '../../src/lib/cron-gaps.ts';
import { nextDayLeftOut, nextTogether } from '../../src/lib/cron-meetings.ts';
import { nextAfter, type Timed } from '../../src/lib/cron-times.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { ACCEPTED, NEVER, REFUSED, TIMES } from './cron-vectors.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/cron/');
const NOW = Date.parse('2026-11-21T00:00Z');
const HOUR = 3600;
const DAY = 24 * HOUR;

function time(text: string, timeZone = 'Etc/UTC'): Timed {
  const schedule = parseSchedule(text);
  assert.ok(isSchedule(schedule), text);
  return { schedule, timeZone };
}

test('what Kubernetes takes is read', () => {
  assert.deepEqual(
    ACCEPTED.filter((text) => !isSchedule(parseSchedule(text))),
    [],
  );
});

test('what Kubernetes refuses is refused', () => {
  assert.deepEqual(
    REFUSED.filter((text) => isSchedule(parseSchedule(text))),
    [],
  );
});

test('why, as the golden file has it', () => {
  const lines = REFUSED.map((text) => {
    const parsed = parseSchedule(text);
    return isSchedule(parsed) ? '' : `is ${parsed.seen}. ${parsed.remedy}`;
  });
  golden.assert(
    'refused.txt',
    `${lines.map((line) => JSON.stringify(line).slice(1, -1).replaceAll('\\"', '"')).join('\n')}\n`,
  );
});

for (const [text, timeZone, from, ...expected] of TIMES) {
  test(`${text} in ${timeZone} after ${from}`, () => {
    const timed = time(text, timeZone);
    let now = Date.parse(from);
    for (const moment of expected) {
      now = nextAfter(timed, now) ?? Number.NaN;
      assert.equal(new Date(now).toISOString().replace(':00.000Z', 'Z'), moment);
    }
  });
}

for (const text of NEVER) {
  test(`${text} is never due`, () => {
    assert.equal(nextAfter(time(text), NOW), undefined);
    assert.equal(measureGaps(time(text)), undefined);
  });
}

/** Longest and shortest, in hours. */
const GAPS: readonly (readonly [text: string, timeZone: string, longest: number, shortest: number])[] = [
  ['0 2 * * *', 'Etc/UTC', 24, 24],
  ['0 6,18 * * *', 'Etc/UTC', 12, 12],
  ['0 0,1 * * *', 'Etc/UTC', 23, 1],
  ['0 2 * * 0', 'Etc/UTC', 168, 168],
  ['0 2 1 * *', 'Etc/UTC', 31 * 24, 28 * 24],
  ['0 2 29 2 *', 'Etc/UTC', 1461 * 24, 1461 * 24],
  ['*/30 * * * *', 'Etc/UTC', 0.5, 0.5],
  ['* 2 * * *', 'Etc/UTC', 23 + 1 / 60, 1 / 60],
  // A run that the clocks leave out, and one that they give twice.
  ['30 2 * * *', 'Europe/Berlin', 47, 1],
  ['30 5 * * *', 'Europe/Berlin', 25, 23],
  ['30 2 * * 0', 'Europe/Berlin', 14 * 24 - 1, 1],
  ['0 * * * *', 'Europe/Berlin', 1, 1],
  ['@every 90m', 'Europe/Berlin', 1.5, 1.5],
];

for (const [text, timeZone, longest, shortest] of GAPS) {
  test(`${text} in ${timeZone}: ${longest} h apart at most, ${shortest} h at least`, () => {
    const gaps = measureGaps(time(text, timeZone));
    assert.ok(gaps);
    assert.ok(Math.abs(gaps.longest - longest * HOUR) < 1, `longest ${gaps.longest / HOUR}`);
    assert.ok(Math.abs(gaps.shortest - shortest * HOUR) < 1, `shortest ${gaps.shortest / HOUR}`);
  });
}

test('of several schedules, the gap that none of them fills', () => {
  assert.equal(longestGapAmong([time('0 3 1 * *'), time('0 3 15 * *')]), 17 * DAY);
  assert.equal(longestGapAmong([time('0 0 31 2 *'), time('0 3 * * 0')]), 7 * DAY);
  assert.equal(longestGapAmong([time('*/5 * * * *'), time('0 3 * * 0')]), 300);
  assert.equal(longestGapAmong([time('@every 48h'), time('0 3 * * 0')]), 2 * DAY);
  assert.equal(longestGapAmong([time('0 0 31 2 *')]), undefined);
  assert.equal(longestGapAmong([]), undefined);
});

/** Two schedules in UTC, unless the second one has a zone, and when they meet first after NOW. */
const MEETINGS: readonly (readonly [a: string, b: string, timeZone: string, meeting: string | undefined])[] = [
  ['0 2 * * *', '0 2 * * *', 'Etc/UTC', '2026-11-21T02:00Z'],
  ['0 2 * * *', '0 2 1 * *', 'Etc/UTC', '2026-12-01T02:00Z'],
  ['0 0 13 * *', '0 0 * * FRI', 'Etc/UTC', '2027-08-13T00:00Z'],
  ['0 0 29 2 *', '0 0 * * *', 'Etc/UTC', '2028-02-29T00:00Z'],
  ['0 2 * * *', '1 2 * * *', 'Etc/UTC', undefined],
  ['0 2 1 * *', '0 2 2 * *', 'Etc/UTC', undefined],
  ['0 1 * * *', '0 2 * * *', 'Europe/Berlin', '2026-11-21T01:00Z'],
  ['0 0 * * *', '0 2 * * *', 'Europe/Berlin', '2027-03-29T00:00Z'],
  ['0 * * * *', '30 * * * *', 'Asia/Kolkata', '2026-11-21T01:00Z'],
  ['0 * * * *', '15 * * * *', 'Asia/Kolkata', undefined],
  ['0 0 31 2 *', '0 0 * * *', 'Europe/Berlin', undefined],
  ['@every 1h', '0 * * * *', 'Etc/UTC', undefined],
];

for (const [a, b, timeZone, meeting] of MEETINGS) {
  test(`${a} meets ${b} in ${timeZone}: ${meeting ?? 'not that anybody knows'}`, () => {
    const found = nextTogether(time(a), time(b, timeZone), NOW);
    assert.equal(found && new Date(found).toISOString().replace(':00.000Z', 'Z'), meeting);
    assert.equal(nextTogether(time(b, timeZone), time(a), NOW), found);
  });
}

/** The next day without any run, because the clocks are put forward over it. */
const LEFT_OUT: readonly (readonly [text: string, timeZone: string, day: string | undefined])[] = [
  ['30 2 * * *', 'Europe/Berlin', '2027-03-28'],
  ['0 2 * * *', 'Europe/Berlin', '2027-03-28'],
  ['0 3 * * *', 'Europe/Berlin', undefined],
  ['59 1 * * *', 'Europe/Berlin', undefined],
  ['30 2,14 * * *', 'Europe/Berlin', undefined],
  ['30 2 * * 1-6', 'Europe/Berlin', undefined],
  ['30 2 * * *', 'Etc/UTC', undefined],
  ['30 2 * * 0', 'America/New_York', '2027-03-14'],
  ['0 0 * * *', 'Africa/Cairo', '2027-04-30'],
  ['@every 24h', 'Europe/Berlin', undefined],
];

for (const [text, timeZone, day] of LEFT_OUT) {
  test(`${text} in ${timeZone} is left out on ${day ?? 'no day'}`, () => {
    assert.equal(nextDayLeftOut(time(text, timeZone), NOW), day);
  });
}

test('every minute of eight years is measured while somebody waits for an answer', () => {
  const begin = performance.now();
  measureGaps(time('* * * * *', 'Europe/Berlin'));
  nextTogether(time('0 * * * *'), time('15 * * * *', 'Asia/Kolkata'), NOW);
  nextAfter(time('0 0 31 2 *', 'Europe/Berlin'), NOW);
  assert.ok(performance.now() - begin < 2000);
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
