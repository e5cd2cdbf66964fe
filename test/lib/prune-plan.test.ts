import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPrune } from '../../src/lib/prune-plan.ts';
import type { RetentionDecision } from '../../src/lib/retention.ts';
import type { StoredObject } from '../../src/lib/store-listing.ts';

const NOW = '2026-11-20T12:00:00.000Z';
const FULL = 'base_000000010000000000000004';
const DELTA = 'base_00000001000000000000000B_D_000000010000000000000004';

function decision(over: Partial<RetentionDecision> = {}): RetentionDecision {
  return { kept: [], removed: [], removedSegments: [], since: '2026-11-15T00:00:00.000Z', ...over };
}

function objects(modifiedAt: string, ...paths: string[]): StoredObject[] {
  return paths.map((path) => ({ path, bytes: 1, modifiedAt }));
}

const backup = (name: string, modifiedAt = '2026-11-01T00:00:00.000Z') =>
  objects(
    modifiedAt,
    `basebackups_005/${name}/metadata.json`,
    `basebackups_005/${name}/tar_partitions/part_001.tar.lz4`,
    `basebackups_005/${name}_backup_stop_sentinel.json`,
  );

test('a backup goes by its sentinel first, a delta before its parent, then their folders', () => {
  const plan = planPrune([...backup(FULL), ...backup(DELTA)], decision({ removed: [DELTA, FULL] }), NOW);
  assert.deepEqual(plan, {
    sentinels: [
      `basebackups_005/${DELTA}_backup_stop_sentinel.json`,
      `basebackups_005/${FULL}_backup_stop_sentinel.json`,
    ],
    folders: [`basebackups_005/${DELTA}/`, `basebackups_005/${FULL}/`],
    wal: [],
  });
});

test("a full backup's folder is no prefix of its deltas'", () => {
  const { folders, sentinels } = planPrune([...backup(FULL), ...backup(DELTA)], decision({ removed: [FULL] }), NOW);
  const stays = backup(DELTA).map(({ path }) => path);
  for (const path of [...folders, ...sentinels]) assert.ok(!stays.some((each) => each.startsWith(path)));
});

test('a segment goes with all that bears its name, labels first, and nothing else does', () => {
  const stored = objects(
    NOW,
    'wal_005/000000010000000000000003',
    'wal_005/000000010000000000000003.00000028.backup.lz4',
    'wal_005/000000010000000000000003.partial.zst',
    'wal_005/000000010000000000000004.lz4',
    'wal_005/000000010000000000000005.lz4',
    'wal_005/00000001.history.lz4',
    'wal_005/00000002.history.lz4',
  );
  const removedSegments = ['000000010000000000000003', '000000010000000000000005'];
  const { wal } = planPrune(stored, decision({ removedSegments }), NOW);
  assert.deepEqual(wal, [
    'wal_005/000000010000000000000003.00000028.backup.lz4',
    'wal_005/000000010000000000000003.partial.zst',
    'wal_005/000000010000000000000003',
    'wal_005/000000010000000000000005.lz4',
  ]);
});

test('what is kept is no leftover, though its sentinel is not in this listing', () => {
  const [metadata, part] = backup(FULL);
  assert.ok(metadata && part);
  const kept = [{ name: FULL, reasons: ['monthly 2026-11'] as const }];
  assert.deepEqual(planPrune([metadata, part], decision({ kept }), NOW).folders, []);
  assert.deepEqual(planPrune([metadata, part], decision(), NOW).folders, [`basebackups_005/${FULL}/`]);
});

const RECENT = '2026-11-20T00:00:00.000Z';
const DAYS_OLD = '2026-11-17T00:00:00.000Z';
const WEEKS_OLD = '2026-11-01T00:00:00.000Z';
const part = `basebackups_005/${FULL}/tar_partitions/part_001.tar.lz4`;
const metadata = `basebackups_005/${FULL}/metadata.json`;
const sentinel = `basebackups_005/${FULL}_backup_stop_sentinel.json`;

for (const [name, stored, since, isRemoved] of [
  ['parts of today: a backup may be running', objects(RECENT, part), WEEKS_OLD, false],
  ['old parts and one of today', [...objects(WEEKS_OLD, part), ...objects(RECENT, `${part}.2`)], DAYS_OLD, false],
  ['parts older than a day: it was broken off', objects(DAYS_OLD, part), WEEKS_OLD, true],
  [
    'finished once, among what is kept: somebody removed its sentinel',
    objects(DAYS_OLD, part, metadata),
    WEEKS_OLD,
    false,
  ],
  ['finished once, before what is kept: a clean-up was ended', objects(WEEKS_OLD, part, metadata), DAYS_OLD, true],
  ['a backup', objects(WEEKS_OLD, part, metadata, sentinel), DAYS_OLD, false],
  ['nothing goes at all', objects(WEEKS_OLD, part), undefined, false],
] as const) {
  test(`leftovers: ${name}`, () => {
    const { since: _, ...rest } = decision();
    const { folders, sentinels } = planPrune(stored, { ...rest, ...(since ? { since } : {}) }, NOW);
    assert.deepEqual([folders, sentinels], [isRemoved ? [`basebackups_005/${FULL}/`] : [], []]);
  });
}
