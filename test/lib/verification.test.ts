import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetentionRules } from '../../src/lib/retention.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import type { Server } from '../../src/lib/verification/facts.ts';
import { capFindings, verifyStore } from '../../src/lib/verification.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { backup, makeContents, minute, segment, segmentName, segments } from '../support/store-contents.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/verification/');

const OWN = '7710679690504429271';

interface Told extends Partial<Omit<Server, 'waiting' | 'archived'>> {
  readonly waiting?: readonly string[];
  readonly archived?: readonly string[];
}

function verify(over: Partial<StoreContents>, told: Told = {}, retention?: RetentionRules) {
  const { waiting = [], archived = [], ...rest } = told;
  const server = { systemIdentifier: OWN, timeline: 1, currentSegment: segmentName(10), ...rest };
  return verifyStore(
    makeContents({ listedAt: minute(60), ...over }),
    { ...server, waiting: new Set(waiting), archived: new Set(archived) },
    retention,
  );
}

const codes = (...args: Parameters<typeof verify>) => verify(...args).findings.map(({ code }) => code);
const rebase = (...args: Parameters<typeof verify>) => verify(...args).rebaseAfter;

const b3 = backup(3);
const GAP = { backups: [b3], segments: [...segments(1, 5), ...segments(7, 9)] };
const HEALED = { ...GAP, backups: [b3, backup(8)] };
const switchAt = (index: number, timeline: number, parent = timeline - 1) => ({
  timeline,
  parent,
  at: `0/${index.toString(16)}000028`,
});

/** What is there, what Postgres says, the codes of the findings, what a fresh base backup comes after. */
const CASES: readonly (readonly [string, Partial<StoreContents>, Told, readonly string[], string | undefined])[] = [
  ['all is well', { backups: [b3], segments: segments(1, 9) }, { archived: [segmentName(9)] }, [], undefined],
  ['a gap', GAP, {}, ['wal-gap'], segmentName(7)],
  ['a gap, and a base backup after it', HEALED, {}, ['wal-gap'], undefined],
  ['a gap of segments that wait in pg_wal', GAP, { waiting: [segmentName(6)] }, [], undefined],
  ['a young gap', { ...GAP, listedAt: minute(10) }, {}, [], undefined],
  [
    'a young gap of what Postgres was told is stored',
    { ...GAP, listedAt: minute(10) },
    { archived: [segmentName(6)] },
    ['wal-gap'],
    segmentName(7),
  ],
  [
    'a young gap before the last that Postgres was told is stored',
    { ...GAP, listedAt: minute(10) },
    { archivedUpTo: segmentName(8) },
    ['wal-gap'],
    segmentName(7),
  ],
  [
    'a young gap before that, and it waits',
    { ...GAP, listedAt: minute(10) },
    { archivedUpTo: segmentName(8), waiting: [segmentName(6)] },
    [],
    undefined,
  ],
  ['a gap from before the oldest base backup', { ...GAP, backups: [backup(8)] }, {}, [], undefined],
  [
    'a gap beside a permanent backup',
    { ...HEALED, backups: [{ ...b3, isPermanent: true }, backup(8)] },
    {},
    [],
    undefined,
  ],
  ['a gap that nobody was promised any more', { ...HEALED, listedAt: minute(8 * 24 * 60) }, {}, [], undefined],
  [
    'the newest segments were lost',
    { backups: [b3], segments: segments(1, 7) },
    { archived: [segmentName(7), segmentName(8), segmentName(9)] },
    ['archived-not-stored'],
    segmentName(9),
  ],
  [
    'the newest segments wait',
    { backups: [b3], segments: segments(1, 7) },
    { archived: [segmentName(7)], waiting: [segmentName(8), segmentName(9)] },
    [],
    undefined,
  ],
  [
    'what retention removed is in pg_wal still',
    { backups: [backup(5)], segments: segments(5, 9) },
    { archived: [segmentName(2), segmentName(3), segmentName(9)] },
    [],
    undefined,
  ],
  [
    "a restored cluster has its source's WAL in pg_wal",
    { backups: [backup(8, { timeline: 2 })], segments: segments(6, 9, 2), switches: [switchAt(6, 2)] },
    { timeline: 2, currentSegment: segmentName(10, 2), archived: [segmentName(5), segmentName(6), segmentName(9, 2)] },
    [],
    undefined,
  ],
  ['before anything is stored', {}, { archived: [segmentName(1)] }, ['no-base-backup'], undefined],
  ['before the first base backup', { segments: segments(1, 3) }, {}, ['no-base-backup'], undefined],
  [
    'a damaged backup',
    { backups: [b3, { ...backup(8), storedBytes: 3_000_000 }], segments: segments(1, 9) },
    {},
    ['backup-damaged'],
    undefined,
  ],
  [
    'the only backup is damaged',
    { backups: [{ ...b3, storedBytes: 3_000_000 }], segments: segments(1, 9) },
    {},
    ['backup-damaged', 'no-base-backup'],
    segmentName(3),
  ],
  [
    'the only sentinel is gone',
    { unusable: [{ name: b3.name, why: 'sentinel-missing', storedBytes: 4 }], segments: segments(1, 9) },
    {},
    ['backup-incomplete', 'no-base-backup'],
    b3.name,
  ],
  [
    'a torn sentinel',
    {
      backups: [b3],
      unusable: [{ name: 'base_x', why: 'sentinel-unreadable', storedBytes: 4 }],
      segments: segments(1, 9),
    },
    {},
    ['backup-incomplete'],
    undefined,
  ],
  [
    "a delta's parent is gone",
    { backups: [b3, backup(8, { parent: backup(5).name })], segments: segments(1, 9) },
    {},
    ['parent-missing'],
    undefined,
  ],
  [
    "a backup's own WAL is gone",
    { backups: [b3, backup(8, { finishSegment: segmentName(9) })], segments: segments(1, 8) },
    {},
    ['wal-missing-for-backup'],
    undefined,
  ],
  [
    "another cluster's backup",
    { backups: [b3, backup(8, { systemIdentifier: '42' })], segments: segments(1, 9) },
    {},
    ['wrong-cluster'],
    undefined,
  ],
  [
    "this cluster's backup",
    { backups: [{ ...b3, systemIdentifier: OWN }], segments: segments(1, 9) },
    {},
    [],
    undefined,
  ],
  ['the server was set back', { backups: [b3], segments: segments(1, 12) }, {}, ['store-ahead'], undefined],
  [
    'a promotion',
    { backups: [b3], segments: [...segments(1, 6), ...segments(6, 9, 2)], switches: [switchAt(6, 2)] },
    { timeline: 2, currentSegment: segmentName(10, 2) },
    [],
    undefined,
  ],
  [
    'a promotion, and what the old primary wrote after it',
    { backups: [b3, backup(8)], segments: [...segments(1, 12), ...segments(6, 9, 2)], switches: [switchAt(6, 2)] },
    { timeline: 2, currentSegment: segmentName(10, 2) },
    [],
    undefined,
  ],
  [
    'a promotion whose history is missing',
    { backups: [b3], segments: [...segments(1, 5), ...segments(6, 9, 2)] },
    { timeline: 2, currentSegment: segmentName(10, 2) },
    ['history-missing'],
    segmentName(3),
  ],
  [
    'a promotion whose history waits',
    { backups: [b3], segments: segments(1, 6) },
    { timeline: 2, currentSegment: segmentName(6, 2), waiting: ['00000002.history', segmentName(6, 2)] },
    [],
    undefined,
  ],
  [
    'the last segments of the old timeline never came',
    { backups: [b3], segments: [...segments(1, 4), ...segments(7, 9, 2)], switches: [switchAt(7, 2)] },
    { timeline: 2, currentSegment: segmentName(10, 2), archived: [segmentName(5), segmentName(6)] },
    ['wal-gap'],
    segmentName(7, 2),
  ],
];

for (const [name, contents, told, expected, after] of CASES) {
  test(`verification: ${name}`, () => {
    assert.deepEqual(codes(contents, told), expected);
    assert.equal(rebase(contents, told), after);
  });
}

test('what is found is said with what it means and what happens now', () => {
  const found = CASES.flatMap(([name, contents, told]) =>
    verify(contents, told).findings.map(({ code, message }) => `${name}\n  ${code}: ${message}\n`),
  );
  golden.assert('messages.txt', found.join('\n'));
});

const RULES = { minFullBackups: 1, timeZone: 'Etc/UTC' };

test('a gap that retention made is none', () => {
  const thinned = { backups: [b3, backup(20), backup(30)], segments: [segment(3), segment(20), ...segments(30, 33)] };
  assert.deepEqual(codes(thinned, { currentSegment: segmentName(40) }), ['wal-gap', 'wal-gap']);
  assert.deepEqual(codes(thinned, { currentSegment: segmentName(40) }, { ...RULES, keepDaily: 3 }), []);
});

test('a gap counts for as long as the recovery window promises what it took', () => {
  const hours = (window: number) =>
    codes({ ...HEALED, listedAt: minute(120) }, {}, { ...RULES, keepFull: 9, recoveryWindowSeconds: window * 3600 });
  assert.deepEqual(hours(1), []);
  assert.deepEqual(hours(3), ['wal-gap']);
});

test('findings are cut to what fits into a report, and the number of the rest is told', () => {
  const many = Array.from({ length: 50 }, (_, each) => ({
    code: 'backup-damaged',
    message: `${each} ${'ä'.repeat(400)}`,
  }));
  const capped = capFindings(many, 2600);
  assert.ok(Buffer.byteLength(JSON.stringify(capped)) <= 2600);
  assert.equal(capped.at(-1)?.message, `${50 - capped.length + 1} more findings; the job's log has all of them`);
  assert.deepEqual(capFindings(many.slice(0, 1), 2600)[0]?.message.length, 320);
  assert.deepEqual(capFindings([], 2), []);
});

test('no golden file is stale', () => golden.assertNoStale());
