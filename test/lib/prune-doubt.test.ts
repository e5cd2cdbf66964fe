// The rows of findDoubt's table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDoubt } from '../../src/lib/prune-doubt.ts';
import type { StoreContents } from '../../src/lib/store-contents.ts';
import { at, backupAt, segmentAt, storeOf } from '../support/retention-story.ts';

const NOW = at(10);
const MINUTE = 1 / 60;
const daily = Array.from({ length: 9 }, (_, day) => backupAt(day + 1, 2));

function store(newestAt: string | undefined, over: Partial<StoreContents> = {}): StoreContents {
  return storeOf(daily, 10, { ...(newestAt === undefined ? {} : { newestAt }), ...over });
}

const NEWER = {
  'a backup of a newer timeline': { backups: [...daily, backupAt(9, 12, { timeline: 2 })] },
  'a segment of a newer timeline': {
    segments: [{ name: segmentAt(9, 12, 2), bytes: 1, modifiedAt: at(9, 12) }],
  },
  'a history of a newer timeline, and nothing else of it': { switches: [{ timeline: 2, parent: 1, at: '0/3000028' }] },
};

for (const [name, contents, timeline, doubt] of [
  ['nothing at all', store(undefined), 1, /^the store is empty$/],
  ['the newest object is a minute old', store(at(10, -MINUTE)), 1, undefined],
  ['it is half an hour old', store(at(10, -30 * MINUTE)), 1, undefined],
  ['it is older', store(at(10, -31 * MINUTE)), 1, /2026-11-10T00:00:00.000Z by the clock of this node, .*T23:29:00/],
  ['it is from two months ago', store('2026-09-10T00:00:00.000Z'), 1, /one of the two is wrong/],
  ['it is from the future: the clock is not ahead', store(at(40)), 1, undefined],
  ['its time makes no sense', store('?'), 1, /one of the two is wrong/],
  ...Object.entries(NEWER).flatMap(
    ([what, over]) =>
      [
        [`${what}, and the server is on the old one`, store(NOW, over), 1, /timeline 2, this server writes timeline 1/],
        [`${what}, which is the server's`, store(NOW, over), 2, undefined],
      ] as const,
  ),
] as const) {
  test(name, () => {
    const found = findDoubt(contents, timeline, NOW);
    if (doubt === undefined) assert.equal(found, undefined);
    else assert.match(String(found), doubt);
  });
}
