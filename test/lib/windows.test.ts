import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeBackups } from '../../src/lib/good-backups.ts';
import { planRestore } from '../../src/lib/restore-plan.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import { buildInventory, listEdges, listStretches } from '../../src/lib/windows.ts';
import { backup, makeContents, minute, segment, segmentName, segments } from '../support/store-contents.ts';

const LAST = 1 / 6;
const finish = (index: number) => minute(index - 0.5);
/** The last transaction of a segment. */
const end = (index: number) => minute(index - LAST);

const inventory = (contents: StoreContents) => buildInventory(contents, judgeBackups(contents));
const windows = (over: Partial<StoreContents>) =>
  inventory(makeContents(over)).recoveryWindows.map(({ from, to, baseBackups }) => [from, to, baseBackups]);

const b3 = backup(3);
const b8 = backup(8);

const CASES: readonly (readonly [string, Partial<StoreContents>, readonly unknown[]])[] = [
  ['nothing stored', {}, []],
  ['WAL without a base backup', { segments: segments(1, 9) }, []],
  ['a base backup without WAL', { backups: [b3] }, []],
  ['a base backup and its own WAL only', { backups: [b3], segments: segments(3, 3) }, [[finish(3), undefined, 1]]],
  ['WAL goes on', { backups: [b3], segments: segments(1, 9) }, [[finish(3), undefined, 1]]],
  ['two backups, one stretch', { backups: [b3, b8], segments: segments(1, 9) }, [[finish(3), undefined, 2]]],
  [
    'a gap, then a backup',
    { backups: [b3, b8], segments: [...segments(1, 5), ...segments(7, 9)] },
    [
      [finish(3), end(5), 1],
      [finish(8), undefined, 1],
    ],
  ],
  [
    'a gap, and no backup after it',
    { backups: [b3], segments: [...segments(1, 5), ...segments(7, 9)] },
    [[finish(3), end(5), 1]],
  ],
  [
    'two gaps, and nothing between them to start from',
    { backups: [b3, backup(12)], segments: [...segments(1, 5), ...segments(7, 8), ...segments(10, 13)] },
    [
      [finish(3), end(5), 1],
      [finish(12), undefined, 1],
    ],
  ],
  [
    'a gap before the first backup',
    { backups: [b8], segments: [...segments(1, 5), ...segments(7, 9)] },
    [[finish(8), undefined, 1]],
  ],
  [
    "a gap in the backup's own WAL",
    { backups: [backup(3, { finishSegment: segmentName(5) })], segments: [segment(3), ...segments(5, 9)] },
    [],
  ],
  ["the backup's first segment is gone", { backups: [b3], segments: segments(4, 9) }, []],
  [
    'one that retention keeps with its own WAL is one moment',
    { backups: [b3, b8], segments: [segment(3), ...segments(8, 9)] },
    [
      [finish(3), finish(3), 1],
      [finish(8), undefined, 1],
    ],
  ],
  ['a part is gone', { backups: [{ ...b3, storedBytes: 3_999_999, parts: 2 }], segments: segments(1, 9) }, []],
  [
    'all parts are gone',
    { backups: [{ ...b3, storedBytes: 0, parts: 0, compressedBytes: 0 }], segments: segments(1, 9) },
    [],
  ],
  [
    'an engine that noted no size',
    { backups: [{ ...b3, compressedBytes: 0 }], segments: segments(1, 9) },
    [[finish(3), undefined, 1]],
  ],
  [
    'a delta counts',
    { backups: [b3, backup(8, { parent: b3.name })], segments: segments(1, 9) },
    [[finish(3), undefined, 2]],
  ],
  ['a delta whose parent is gone', { backups: [backup(8, { parent: b3.name })], segments: segments(1, 9) }, []],
  [
    'a delta whose parent lacks WAL only',
    { backups: [b3, backup(8, { parent: b3.name })], segments: segments(7, 9) },
    [[finish(8), undefined, 1]],
  ],
  [
    'a delta whose parent is damaged',
    { backups: [{ ...b3, storedBytes: 1 }, backup(8, { parent: b3.name })], segments: segments(1, 9) },
    [],
  ],
  [
    'a gap of which the end is young may yet be filled',
    { backups: [b3], segments: [...segments(1, 5), segment(7)], listedAt: minute(8) },
    [[finish(3), undefined, 1]],
  ],
  [
    'a gap of which the end is old will not',
    { backups: [b3], segments: [...segments(1, 5), segment(7)], listedAt: minute(17) },
    [[finish(3), end(5), 1]],
  ],
];

for (const [name, over, expected] of CASES) {
  test(`recovery windows: ${name}`, () => assert.deepEqual(windows(over), expected));
}

test('a last transaction that is not known ends a window at its base backup', () => {
  const unread = [...segments(1, 5), ...segments(7, 9)].map(({ lastTransactionAt: _, ...rest }) => rest);
  assert.deepEqual(windows({ backups: [b3], segments: unread }), [[finish(3), finish(3), 1]]);
});

test('a segment without a transaction ends nothing: the one before it does', () => {
  const quiet = [...segments(1, 4), { ...segment(5), lastTransactionAt: undefined }, ...segments(7, 9)];
  assert.deepEqual(windows({ backups: [b3], segments: quiet as never }), [[finish(3), end(4), 1]]);
});

const switchAt = (index: number, timeline = 2, parent = timeline - 1) => ({
  timeline,
  parent,
  at: `0/${index.toString(16)}000028`,
});

const TIMELINES: readonly (readonly [string, Partial<StoreContents>, readonly unknown[]])[] = [
  [
    'a promotion: the window goes on',
    { backups: [b3], segments: [...segments(1, 6), ...segments(6, 9, 2)], switches: [switchAt(6)] },
    [[finish(3), undefined, 1]],
  ],
  [
    'the segment of the switch is needed on the new timeline',
    { backups: [b3], segments: [...segments(1, 6), ...segments(7, 9, 2)], switches: [switchAt(6)] },
    [[finish(3), end(5), 1]],
  ],
  [
    'a history that is missing ends the window where the timeline was left',
    { backups: [b3], segments: [...segments(1, 5), ...segments(6, 9, 2)] },
    [[finish(3), end(5), 1]],
  ],
  [
    'a backup on the new timeline',
    {
      backups: [b3, backup(8, { timeline: 2 })],
      segments: [...segments(1, 5), ...segments(6, 9, 2)],
      switches: [switchAt(6)],
    },
    [[finish(3), undefined, 2]],
  ],
  [
    'the old primary went on: what it wrote and backed up leads nowhere',
    {
      backups: [b3, backup(8)],
      segments: [...segments(1, 12), ...segments(6, 9, 2)],
      switches: [switchAt(6)],
    },
    [[finish(3), undefined, 1]],
  ],
  [
    'a third timeline that leaves the first leads past the second',
    {
      backups: [b3, backup(8, { timeline: 2 })],
      segments: [...segments(1, 6), ...segments(6, 9, 2), ...segments(5, 9, 3)],
      switches: [switchAt(6), switchAt(5, 3, 1)],
    },
    [[finish(3), undefined, 1]],
  ],
];

for (const [name, over, expected] of TIMELINES) {
  test(`recovery windows: ${name}`, () => assert.deepEqual(windows(over), expected));
}

test('an inventory counts what can be restored, and the bytes of all that is stored', () => {
  const contents = makeContents({
    backups: [b3, { ...backup(5), storedBytes: 1 }, backup(8, { parent: b3.name })],
    unusable: [{ name: 'base_x', why: 'sentinel-missing', storedBytes: 7 }],
    segments: segments(1, 9),
  });
  assert.deepEqual(inventory(contents), {
    listedAt: minute(1000),
    baseBackups: 2,
    fullBackups: 1,
    backupBytes: 4_000_000 + 1 + 4_000_000 + 7,
    walBytes: 9 * 5_000_000,
    walSegments: 9,
    recoveryWindows: [{ from: finish(3), baseBackups: 2 }],
  });
});

test('of many windows the newest eight are told, oldest first', () => {
  const starts = Array.from({ length: 12 }, (_, each) => each * 10);
  const contents = {
    backups: starts.map((each) => backup(each)),
    segments: starts.flatMap((each) => segments(each, each + 5)),
  };
  const found = windows(contents);
  assert.equal(found.length, 8);
  assert.deepEqual(
    found.map(([from]) => from),
    starts.slice(4).map(finish),
  );
});

test('the ends of closed windows are looked for in their last segments, and of no others', () => {
  const contents = makeContents({ backups: [b3, b8], segments: [...segments(1, 6), ...segments(8, 9)] });
  const edges = listStretches(contents, judgeBackups(contents)).map((stretch) => listEdges(contents, stretch));
  assert.deepEqual(edges, [[6, 5, 4, 3].map((each) => segmentName(each)), []]);
});

const story = fc.record({
  count: fc.integer({ min: 1, max: 30 }),
  at: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 5 }),
  gone: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 }),
  more: fc.integer({ min: 1, max: 30 }),
});

function tell({ count, at, gone }: { count: number; at: number[]; gone: number[] }): StoreContents {
  return makeContents({
    backups: [...at].sort((a, b) => a - b).map((each) => backup(each)),
    segments: segments(1, count).filter((_, each) => !gone.includes(each + 1)),
  });
}

/** Which of the minutes of the story can be restored. */
function restorable(contents: StoreContents): Set<number> {
  const { recoveryWindows } = inventory(contents);
  const times = Array.from({ length: 320 }, (_, each) => each / 10);
  return new Set(
    times.filter((each) =>
      recoveryWindows.some(({ from, to }) => from <= minute(each) && (to === undefined || minute(each) <= to)),
    ),
  );
}

test('removing a segment never makes anything restorable that was not, but for what a lost tip hides', () => {
  fc.assert(
    fc.property(story, ({ more, ...rest }) => {
      const told = tell(rest);
      fc.pre(more < Number.parseInt(told.segments.at(-1)?.name.slice(16) ?? '0', 16));
      const before = restorable(told);
      const after = restorable(tell({ ...rest, gone: [...rest.gone, more] }));
      for (const each of after) assert.ok(before.has(each), `${each} minutes`);
    }),
  );
});

test('windows are in order, never overlap, and only the last one goes on', () => {
  fc.assert(
    fc.property(story, (told) => {
      const found = inventory(tell(told)).recoveryWindows;
      for (const [index, { from, to }] of found.entries()) {
        const next = found[index + 1];
        if (to !== undefined) assert.ok(from <= to);
        if (next) assert.ok(to !== undefined && to < next.from);
      }
    }),
  );
});

test('what is in a window is restored from a good backup with all the WAL to its end', () => {
  fc.assert(
    fc.property(story, (told) => {
      const contents = tell(told);
      const stored = new Set(contents.segments.map(({ name }) => name));
      const tip = Number.parseInt(contents.segments.at(-1)?.name.slice(16) ?? '0', 16);
      for (const each of restorable(contents)) {
        const chosen = planRestore(contents, { time: minute(each) }).baseBackup;
        const start = Number.parseInt(chosen.startSegment.slice(16), 16);
        const last = Math.max(start, Math.min(tip, Math.ceil(each + LAST)));
        for (let index = start; index < last; index++) assert.ok(stored.has(segmentName(index)), `${each}: ${index}`);
      }
    }),
  );
});
