import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chosen, chooseParent, type DeltaWish } from '../../src/lib/delta-parent.ts';
import type { StoreContents, StoredBackup } from '../../src/lib/store-contents.ts';
import { backup, makeContents, segmentName, segments } from '../support/store-contents.ts';

const WISH: DeltaWish = { deltaSteps: 10, timeline: 1, lastArchivedWal: segmentName(40) };

/** A full backup in segment 3, and deltas in 4, 5 ... each onto the one before. */
function chain(deltas: number): StoredBackup[] {
  const backups = [backup(3)];
  for (let step = 1; step <= deltas; step++) backups.push(backup(3 + step, { parent: backups.at(-1)?.name ?? '' }));
  return backups;
}

function contents(backups: readonly StoredBackup[], over: Partial<StoreContents> = {}): StoreContents {
  return makeContents({ backups, segments: segments(1, 40), ...over });
}

const nameOf = (index: number, backups: readonly StoredBackup[]) => backups.at(index)?.name ?? '';

const FULL: readonly (readonly [name: string, contents: StoreContents, wish: Partial<DeltaWish>, why: RegExp])[] = [
  ['no deltas are wanted', contents(chain(0)), { deltaSteps: 0 }, /wants no deltas/],
  ['there is no backup', contents([]), {}, /none yet/],
  ['there are deltas of nothing', contents(chain(2).slice(1)), {}, /none yet/],
  ['as many followed as are wanted', contents(chain(3)), { deltaSteps: 3 }, /has 3 deltas/],
  ['one followed, and one is wanted', contents(chain(1)), { deltaSteps: 1 }, /has 1 delta$/],
  [
    'a delta in the middle is gone',
    contents(chain(3).filter((_, at) => at !== 2)),
    {},
    /chain of base_\w+ lacks a backup/,
  ],
  ['the newest is marked permanent', contents([backup(3, { isPermanent: true })]), {}, /permanent/],
  [
    'the server is on another timeline',
    contents(chain(1)),
    { timeline: 2, lastArchivedWal: segmentName(40, 2) },
    /of timeline 1/,
  ],
  ['it is not known what was archived', contents(chain(1)), { lastArchivedWal: undefined }, /not known/],
  ['a history was archived last', contents(chain(1)), { lastArchivedWal: '00000002.history' }, /not known/],
  [
    'what was archived last is of the timeline before',
    contents([backup(3, { timeline: 2 })]),
    { timeline: 2 },
    /not known/,
  ],
  [
    'a segment since the newest one is gone',
    contents(chain(1), { segments: segments(1, 40).filter((_, at) => at !== 19) }),
    {},
    /lacks WAL segment 000000010000000000000014/,
  ],
  [
    'Postgres was told that more is archived than the store has',
    contents(chain(1)),
    { lastArchivedWal: segmentName(41) },
    /lacks WAL segment 000000010000000000000029/,
  ],
];

for (const [name, stored, wish, why] of FULL) {
  test(`full, because ${name}`, () => {
    const chosen = chooseParent(stored, { ...WISH, ...wish });
    assert.equal(chosen.kind, 'full');
    assert.match(chosen.kind === 'full' ? chosen.why : '', why);
  });
}

function parentOf(chosen: Chosen): string {
  assert.equal(chosen.kind, 'delta', JSON.stringify(chosen));
  return chosen.kind === 'delta' ? chosen.parent : '';
}

test('each delta builds on the one before', () => {
  for (const deltas of [0, 1, 5]) {
    const backups = chain(deltas);
    assert.equal(parentOf(chooseParent(contents(backups), WISH)), nameOf(-1, backups));
  }
});

test('a chain that is as long as a restore should have it goes on from the full backup', () => {
  const backups = chain(6);
  assert.equal(parentOf(chooseParent(contents(backups), WISH)), nameOf(0, backups));
  const branched = [...backups, backup(10, { parent: nameOf(0, backups) })];
  assert.equal(parentOf(chooseParent(contents(branched), WISH)), nameOf(-1, branched));
});

test('a segment that only an older backup needs does not matter', () => {
  const gap = { segments: segments(1, 40).filter((_, at) => at !== 0) };
  assert.equal(parentOf(chooseParent(contents(chain(1), gap), WISH)), nameOf(-1, chain(1)));
});

test('the label of a backup may be what was archived last', () => {
  const lastArchivedWal = `${segmentName(40)}.00000028.backup`;
  assert.equal(parentOf(chooseParent(contents(chain(0)), { ...WISH, lastArchivedWal })), nameOf(0, chain(0)));
});

test('a chain that bites its own tail ends', () => {
  const [a, b] = [segmentName(4), segmentName(5)];
  const circle = [
    backup(3),
    backup(4, { name: `base_${a}_D_x`, parent: `base_${b}_D_x` }),
    backup(5, { name: `base_${b}_D_x`, parent: `base_${a}_D_x` }),
  ];
  assert.equal(chooseParent(contents(circle), WISH).kind, 'full');
});
