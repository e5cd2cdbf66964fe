// What each line of a policy's retention keeps, case by case.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryOut, decideRetention, type RetentionRules } from '../../../src/lib/retention.ts';
import type { StoreContents, StoredBackup } from '../../../src/lib/store-contents.ts';
import { at, backupAt, describeSegments, segmentAt, storeOf, walFrom } from '../../support/retention-story.ts';

const DAY = 86_400;

/** A full one on each of these days, at two in the morning. */
const dailies = (...days: number[]) => days.map((day) => backupAt(day, 2));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, step) => from + step);

/** A full one on day 1, a delta of the last backup on each day after it, and so again on day 8. */
function weeksOfDeltas(days: number): StoredBackup[] {
  const backups: StoredBackup[] = [];
  for (const day of range(1, days)) {
    const parent = backups.at(-1)?.name;
    backups.push(backupAt(day, 2, day % 7 === 1 || parent === undefined ? {} : { parent }));
  }
  return backups;
}

interface Case {
  readonly contents: StoreContents;
  readonly rules: Partial<RetentionRules> | undefined;
  readonly now: string;
  /** Days on which the kept ones were taken. */
  readonly keeps: readonly number[];
  /** As `timeline:from-to`. */
  readonly wal: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'no retention: everything stays': {
    contents: storeOf(dailies(...range(1, 20)), 21),
    rules: undefined,
    now: at(21),
    keeps: range(1, 20),
    wal: ['1:1-480'],
  },
  'a window of three days: the last one before it stays as its base, with all WAL from there': {
    contents: storeOf(dailies(...range(1, 20)), 21),
    rules: { recoveryWindowSeconds: 3 * DAY },
    now: at(21),
    keeps: [17, 18, 19, 20],
    wal: ['1:387-480'],
  },
  'a backup that was finished at the very moment at which the window begins is its base': {
    contents: storeOf(dailies(1, 5, 10), 13),
    rules: { recoveryWindowSeconds: 3 * DAY },
    now: at(13, 2 + 2 / 6),
    keeps: [10],
    wal: ['1:219-288'],
  },
  'a window that reaches back before the first backup: everything stays, but WAL that no backup reaches': {
    contents: storeOf(dailies(4, 5), 6),
    rules: { recoveryWindowSeconds: 30 * DAY },
    now: at(6),
    keeps: [4, 5],
    wal: ['1:75-120'],
  },
  'a window and a full one a week: the chain before it stays': {
    contents: storeOf(weeksOfDeltas(20), 21),
    rules: { recoveryWindowSeconds: 3 * DAY },
    now: at(21),
    keeps: range(15, 20),
    wal: ['1:339-480'],
  },
  'a window that begins in the middle of a chain: all of it stays': {
    contents: storeOf(weeksOfDeltas(16), 17),
    rules: { recoveryWindowSeconds: 3 * DAY },
    now: at(17),
    keeps: range(8, 16),
    wal: ['1:171-384'],
  },
  'keepFull: the newest full ones with the WAL from the oldest of them on': {
    contents: storeOf(dailies(...range(1, 20)), 21),
    rules: { keepFull: 2 },
    now: at(21),
    keeps: [19, 20],
    wal: ['1:435-480'],
  },
  'keepFull: deltas after the oldest of them stay, chains before it go': {
    contents: storeOf(weeksOfDeltas(17), 18),
    rules: { keepFull: 2 },
    now: at(18),
    keeps: range(8, 17),
    wal: ['1:171-408'],
  },
  'keepFull of more than there are': {
    contents: storeOf(dailies(3, 4), 5),
    rules: { keepFull: 7 },
    now: at(5),
    keeps: [3, 4],
    wal: ['1:51-96'],
  },
  'keepDaily: the newest of each day, each with its own WAL, and all WAL from the newest on': {
    contents: storeOf(
      range(1, 5).flatMap((day) => [backupAt(day, 2), backupAt(day, 14)]),
      6,
    ),
    rules: { keepDaily: 3 },
    now: at(6),
    keeps: [3, 4, 5],
    wal: ['1:63-63', '1:87-87', '1:111-120'],
  },
  'keepDaily counts days that have backups, not days that passed': {
    contents: storeOf(dailies(1, 2, 9, 16), 20),
    rules: { keepDaily: 3 },
    now: at(20),
    keeps: [2, 9, 16],
    wal: ['1:27-27', '1:195-195', '1:363-456'],
  },
  'keepWeekly: the newest of each week; Sunday is its last day': {
    contents: storeOf(dailies(...range(1, 19)), 20),
    rules: { keepWeekly: 3 },
    now: at(20),
    keeps: [8, 15, 19],
    wal: ['1:171-171', '1:339-339', '1:435-456'],
  },
  'keepMonthly: the newest of each month': {
    contents: storeOf(dailies(...range(1, 70)), 71),
    rules: { keepMonthly: 2 },
    now: at(71),
    keeps: [61, 70],
    wal: ['1:1443-1443', '1:1659-1680'],
  },
  'days of the policy’s time zone': {
    contents: storeOf([backupAt(1, 22), backupAt(1, 23), backupAt(2, 1), backupAt(2, 23)], 4),
    // An hour ahead of UTC: the second one belongs to day 2.
    rules: { keepDaily: 3, timeZone: 'Europe/Berlin' },
    now: at(4),
    keeps: [1, 2, 2],
    wal: ['1:23-23', '1:26-26', '1:48-72'],
  },
  'a window with days and weeks: weekly ones before it stay restorable': {
    contents: storeOf(dailies(...range(1, 28)), 29),
    rules: { recoveryWindowSeconds: 2 * DAY, keepDaily: 5, keepWeekly: 3 },
    now: at(29),
    keeps: [15, 22, 24, 25, 26, 27, 28],
    wal: ['1:339-339', '1:507-507', '1:555-555', '1:579-579', '1:603-672'],
  },
  'a weekly delta keeps its parents': {
    contents: storeOf(weeksOfDeltas(18), 19),
    rules: { keepWeekly: 2 },
    now: at(19),
    // The week ends on day 15, which has a full one; the newest is the delta of day 18.
    keeps: [15, 16, 17, 18],
    wal: ['1:339-432'],
  },
  'a daily delta keeps its parents and nothing beside them': {
    contents: storeOf(weeksOfDeltas(10), 11),
    rules: { keepDaily: 5 },
    now: at(11),
    keeps: range(1, 10),
    wal: ['1:3-3', '1:27-27', '1:51-51', '1:75-75', '1:99-99', '1:123-123', '1:147-147', '1:171-240'],
  },
  'minFullBackups holds where a line asks for less': {
    contents: storeOf(dailies(...range(1, 9)), 10),
    rules: { recoveryWindowSeconds: 3600, minFullBackups: 3 },
    now: at(10),
    keeps: [7, 8, 9],
    wal: ['1:147-216'],
  },
  'the newest full one stays however old it is': {
    contents: storeOf(dailies(1, 2), 300),
    rules: { recoveryWindowSeconds: DAY },
    now: at(300),
    keeps: [2],
    wal: [`1:27-${299 * 24}`],
  },
  'permanent ones stay, with what WAL they need themselves': {
    contents: storeOf([backupAt(1, 2, { isPermanent: true }), ...dailies(2, 3, 4)], 5),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [1, 4],
    wal: ['1:3-3', '1:75-96'],
  },
  'a permanent delta keeps its full one': {
    contents: storeOf(
      [backupAt(1, 2), backupAt(2, 2, { parent: backupAt(1, 2).name, isPermanent: true }), ...dailies(3, 4)],
      5,
    ),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [1, 2, 4],
    wal: ['1:3-3', '1:27-27', '1:75-96'],
  },
  'one from the future stays and counts for nothing': {
    contents: storeOf([...dailies(1, 2, 3), backupAt(4, 2, { startedAt: at(40), finishedAt: at(40, 1) })], 5),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [3, 40],
    wal: ['1:51-96'],
  },
  'one that ended before it began stays and counts for nothing': {
    contents: storeOf([...dailies(1, 2, 3), backupAt(4, 2, { startedAt: at(4, 3) })], 5),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [3, 4],
    wal: ['1:51-96'],
  },
  'only from the future: everything stays': {
    contents: storeOf([backupAt(4, 2), backupAt(4, 6)], 5),
    rules: { keepFull: 1 },
    now: at(3),
    keeps: [4, 4],
    wal: ['1:1-96'],
  },
  'the newest without parts: the last sound one stays beside it': {
    contents: storeOf([...dailies(1, 2, 3), backupAt(4, 2, { parts: 0 })], 5),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [3, 4],
    wal: ['1:51-96'],
  },
  'the newest without its WAL: the last sound one stays beside it': {
    contents: storeOf(dailies(1, 2, 3, 4), 5, { segments: walFrom(1, 0, 4, 2) }),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [3, 4],
    wal: ['1:51-74'],
  },
  'none of them sound: everything stays': {
    contents: storeOf(dailies(1, 2, 3, 4), 5, { segments: walFrom(1, 5, 2, 1) }),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [1, 2, 3, 4],
    wal: ['1:6-25'],
  },
  'a delta whose parent is gone goes when a full one would': {
    contents: storeOf([backupAt(2, 2, { parent: backupAt(1, 2).name }), ...dailies(3, 4)], 5),
    rules: { keepFull: 1 },
    now: at(5),
    keeps: [4],
    wal: ['1:75-96'],
  },
  'a broken one takes nobody\u2019s place, and does not go for being broken': {
    contents: storeOf([backupAt(2, 2), backupAt(2, 14, { parts: 0 }), ...dailies(3, 4)], 5),
    rules: { keepDaily: 3 },
    now: at(5),
    keeps: [2, 2, 3, 4],
    wal: ['1:27-27', '1:39-39', '1:51-51', '1:75-96'],
  },
  'a broken one that is younger than what is kept whole stays: somebody may want to look at it': {
    contents: storeOf(
      [
        ...dailies(1, 3),
        backupAt(4, 2, { parent: backupAt(3, 2).name, parts: 0 }),
        backupAt(4, 14, { parent: backupAt(3, 2).name }),
      ],
      5,
    ),
    rules: { keepDaily: 1 },
    now: at(5),
    keeps: [3, 4, 4],
    wal: ['1:51-96'],
  },
  'a gap before the window: what is after it needs nothing of what was before': {
    contents: storeOf(dailies(...range(1, 9)), 10, { segments: [...walFrom(1, 0, 4, 8), ...walFrom(4, 9, 10, 0)] }),
    rules: { recoveryWindowSeconds: 3 * DAY },
    now: at(10),
    keeps: [6, 7, 8, 9],
    wal: ['1:123-216'],
  },
};

const PROMOTED_ON_5 = {
  segments: [...walFrom(1, 0, 5, 12), ...walFrom(5, 11, 10, 0, 2)],
  switches: [{ timeline: 2, parent: 1, at: lsnAt(5, 11) }],
};

function lsnAt(day: number, hour: number): string {
  return (BigInt((day - 1) * 24 + hour + 1) * 0x1000000n + 0x28n).toString();
}

const TIMELINES: typeof CASES = {
  'promoted within the window: backups and WAL of the old timeline stay': {
    contents: storeOf([...dailies(1, 2, 3, 4, 5), ...range(6, 9).map((day) => backupAt(day, 2, { timeline: 2 }))], 10, {
      ...PROMOTED_ON_5,
    }),
    rules: { recoveryWindowSeconds: 6 * DAY },
    now: at(10),
    keeps: range(3, 9),
    wal: ['1:51-108', '2:108-216'],
  },
  'promoted before the window: the old timeline goes, segments of higher numbers too': {
    contents: storeOf([...dailies(1, 2, 3, 4, 5), ...range(6, 9).map((day) => backupAt(day, 2, { timeline: 2 }))], 10, {
      ...PROMOTED_ON_5,
    }),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    keeps: [7, 8, 9],
    wal: ['2:147-216'],
  },
  'promoted, and no backup since: the base is on the old timeline': {
    contents: storeOf(dailies(1, 2, 3, 4, 5), 10, { ...PROMOTED_ON_5 }),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    keeps: [5],
    wal: ['1:99-108', '2:108-216'],
  },
  'an old primary that still archives and backs up: its last full one is no base of the new timeline': {
    contents: storeOf(
      [...dailies(1, 2, 3, 4), backupAt(5, 2, { timeline: 2 }), ...dailies(6, 7), backupAt(9, 2, { timeline: 2 })],
      10,
      {
        segments: [...walFrom(1, 0, 10, 0), ...walFrom(4, 11, 10, 0, 2)],
        switches: [{ timeline: 2, parent: 1, at: lsnAt(4, 11) }],
      },
    ),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    // Of the new timeline day 5 is the base, of the old one day 7.
    keeps: [5, 7, 9],
    wal: ['1:99-216', '2:99-216'],
  },
  'a backup in the very segment of the switch: the one before it is the base': {
    contents: storeOf([...dailies(1, 2, 3, 4), backupAt(4, 11), backupAt(9, 2, { timeline: 2 })], 10, {
      segments: [...walFrom(1, 0, 4, 12), ...walFrom(4, 11, 10, 0, 2)],
      switches: [{ timeline: 2, parent: 1, at: lsnAt(4, 11) }],
    }),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    keeps: [4, 4, 9],
    wal: ['1:75-84', '2:84-216'],
  },
  'a timeline that has just begun, far back: its history is there, its first segment is not': {
    contents: storeOf(dailies(...range(1, 9)), 10, { switches: [{ timeline: 2, parent: 1, at: lsnAt(4, 11) }] }),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    keeps: [4, 7, 8, 9],
    wal: ['1:75-216'],
  },
  'a store whose clock is weeks behind: WAL is known by its numbers': {
    contents: storeOf([...dailies(1, 2, 3, 4)], 10, {
      segments: [...walFrom(1, 0, 5, 12), ...walFrom(5, 11, 10, 0, 2)].map((segment) => ({
        ...segment,
        modifiedAt: '2026-10-01T00:00:00.000Z',
      })),
      switches: PROMOTED_ON_5.switches,
    }),
    rules: { keepFull: 2 },
    now: at(10),
    keeps: [3, 4],
    wal: ['1:51-108', '2:108-216'],
  },
  'a history that is lost: what may be its base stays': {
    contents: storeOf(dailies(1, 2, 3, 4, 5), 10, { segments: PROMOTED_ON_5.segments }),
    rules: { recoveryWindowSeconds: 2 * DAY },
    now: at(10),
    keeps: range(1, 5),
    wal: ['1:3-108', '2:108-216'],
  },
  'keepFull after a promotion: counted along the path of the new timeline, and the old one is in use no more': {
    contents: storeOf([...dailies(1, 2, 3, 4, 5), ...range(6, 9).map((day) => backupAt(day, 2, { timeline: 2 }))], 10, {
      ...PROMOTED_ON_5,
    }),
    rules: { keepFull: 5 },
    now: at(10),
    keeps: range(5, 9),
    wal: ['1:99-108', '2:108-216'],
  },
  'keepFull, and the old primary still archives: the newest of its own stay too': {
    contents: storeOf([...dailies(1, 2, 3, 4, 5), ...range(6, 9).map((day) => backupAt(day, 2, { timeline: 2 }))], 10, {
      segments: [...walFrom(1, 0, 10, 0), ...walFrom(5, 11, 10, 0, 2)],
      switches: PROMOTED_ON_5.switches,
    }),
    rules: { keepFull: 2 },
    now: at(10),
    keeps: [4, 5, 8, 9],
    wal: ['1:75-216', '2:108-216'],
  },
  'keepFull 1, and the old primary makes the newest one: the only one of the new timeline stays': {
    contents: storeOf([...dailies(1, 2, 3, 4, 5), backupAt(6, 2, { timeline: 2 }), ...dailies(8, 9)], 10, {
      segments: [...walFrom(1, 0, 10, 0), ...walFrom(5, 11, 7, 0, 2)],
      switches: PROMOTED_ON_5.switches,
    }),
    rules: { keepFull: 1 },
    now: at(10),
    keeps: [6, 9],
    wal: ['1:123-216', '2:123-144'],
  },
  'minFullBackups are counted of each timeline in use': {
    contents: storeOf([...dailies(1, 2, 3), backupAt(6, 2, { timeline: 2 }), ...dailies(7, 8, 9)], 10, {
      segments: [...walFrom(1, 0, 10, 0), ...walFrom(3, 11, 10, 0, 2)],
      switches: [{ timeline: 2, parent: 1, at: lsnAt(3, 11) }],
    }),
    rules: { keepDaily: 1, minFullBackups: 2 },
    now: at(10),
    // The new timeline's second one is from before the switch.
    keeps: [3, 6, 8, 9],
    wal: ['1:51-216', '2:60-216'],
  },
  'a recovery to an earlier point: numbers begin again below, on a timeline of its own': {
    contents: storeOf([...dailies(1, 2, 3, 4), backupAt(6, 2, { timeline: 2, ...earlier(3, 2) })], 9, {
      // Day 5 went back to day 2, noon.
      segments: [...walFrom(1, 0, 5, 0), ...rebased(2, 11, 5, 9)],
      switches: [{ timeline: 2, parent: 1, at: lsnAt(2, 11) }],
    }),
    rules: { recoveryWindowSeconds: 3 * DAY + 20 * 3600 },
    now: at(9),
    // The window begins on day 5: the base of the new timeline is day 2.
    keeps: [2, 6],
    wal: ['1:27-96', '2:36-131'],
  },
};

/** Segments whose numbers go on from an earlier day, stored from a later day on. */
function rebased(day: number, hour: number, storedOn: number, until: number) {
  const stored = walFrom(storedOn, 0, until, 0);
  const names = walFrom(day, hour, 100, 0, 2);
  return stored.map((each, index) => ({ ...each, name: names[index]?.name ?? '' }));
}

/** Of a backup: the segment that it has, whatever its day. */
function earlier(day: number, hour: number): Partial<StoredBackup> {
  const name = segmentAt(day, hour, 2);
  return { name: `base_${name}`, startSegment: name, finishSegment: name };
}

for (const [name, { contents, rules, now, keeps, wal }] of Object.entries({ ...CASES, ...TIMELINES })) {
  test(name, () => {
    const complete = rules && { minFullBackups: 1, timeZone: 'Etc/UTC', ...rules };
    const decision = decideRetention(contents, complete, now);
    const left = carryOut(contents, decision);
    const days = left.backups.map(
      ({ finishedAt }) => 1 + Math.floor((Date.parse(finishedAt) - Date.parse(at(1))) / (DAY * 1000)),
    );
    assert.deepEqual(days, keeps);
    assert.deepEqual(describeSegments(left.segments.map((segment) => segment.name)), wal);
    assert.deepEqual(decision.kept.map((each) => each.name).sort(), left.backups.map((each) => each.name).sort());
  });
}

test('while a backup has a sentinel that cannot be read, backups go and no WAL does', () => {
  const unusable = [{ name: `base_${segmentAt(3, 2)}`, why: 'sentinel-unreadable', storedBytes: 1 }] as const;
  const rules = { keepFull: 2, minFullBackups: 1, timeZone: 'Etc/UTC' };
  const { removed, removedSegments } = decideRetention(storeOf(dailies(1, 2, 4, 5), 6, { unusable }), rules, at(6));
  assert.equal(removed.length, 2);
  assert.deepEqual(removedSegments, []);
  const lost = unusable.map((each) => ({ ...each, why: 'sentinel-missing' as const }));
  const other = decideRetention(storeOf(dailies(1, 2, 4, 5), 6, { unusable: lost }), rules, at(6));
  assert.equal(other.removedSegments.length, 74);
});

test('reasons name the line, the period and the child', () => {
  const backups = weeksOfDeltas(9);
  const rules = { keepDaily: 2, keepWeekly: 2, minFullBackups: 1, timeZone: 'Etc/UTC' };
  const { kept } = decideRetention(storeOf(backups, 10), rules, at(10));
  assert.deepEqual(
    kept.map(({ reasons }) => reasons),
    [
      ['newest', 'minFullBackups', 'daily 2026-11-08', 'weekly 2026-W45', `parent of ${backups[8]?.name}`],
      ['newest', 'daily 2026-11-09', 'weekly 2026-W46'],
    ],
  );
});

test('deltas go before their parents', () => {
  const backups = weeksOfDeltas(16);
  const rules = { keepFull: 1, minFullBackups: 1, timeZone: 'Etc/UTC' };
  const { removed } = decideRetention(storeOf(backups, 17), rules, at(17));
  assert.equal(removed.length, 14);
  for (const { name, parent } of backups) {
    if (parent && removed.includes(name)) assert.ok(removed.indexOf(name) < removed.indexOf(parent));
  }
});
