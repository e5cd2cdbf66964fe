// What no retention may ever do, whatever the store holds and the policy says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { previewRetention } from '../../../src/lib/retention/preview.ts';
import { isFull, listOwnSegments, listSound } from '../../../src/lib/retention/sound.ts';
import { carryOut, decideRetention, type RetentionRules } from '../../../src/lib/retention.ts';
import {
  byNameOf,
  listChain,
  type StoreContents,
  type StoredBackup,
  type StoredSegment,
} from '../../../src/lib/store-contents.ts';
import { formatSegment, parseSegment, SEGMENT_BYTES } from '../../../src/lib/wal-segment.ts';

const START = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;
const time = (hours: number) => new Date(START + hours * HOUR).toISOString();

/**
 * What happens in an hour. A loss removes the segment of the hour; `back` is how far a recovery goes back, in hours; a stale full
 * backup is made by the oldest primary that still writes.
 */
type Event =
  | { readonly kind: 'nothing' | 'full' | 'stale' | 'delta' | 'broken' | 'permanent' | 'loss' | 'odd' }
  | { readonly kind: 'promotion'; readonly back: number; readonly historyLost: boolean; readonly oldGoesOn: boolean };

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'nothing' } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: 'full' } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: 'delta' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'stale' } as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ kind: 'broken' }, { kind: 'permanent' }, { kind: 'loss' }, { kind: 'odd' }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('promotion' as const),
      back: fc.integer({ min: 0, max: 30 }),
      historyLost: fc.boolean(),
      oldGoesOn: fc.boolean(),
    }),
  },
);

interface Line {
  timeline: number;
  index: number;
  newest?: StoredBackup;
}

/** Lives the events through, an hour each: every timeline that is written gets a segment, and what happens befalls the newest. */
function live(events: readonly Event[]): StoreContents {
  const backups: StoredBackup[] = [];
  const segments: StoredSegment[] = [];
  const switches: StoreContents['switches'][number][] = [];
  let lines: Line[] = [{ timeline: 1, index: 1 }];
  let highest = 1;
  events.forEach((what, hour) => {
    const line = lines.at(what.kind === 'stale' ? 0 : -1) as Line;
    for (const each of lines) {
      const name = formatSegment(each);
      if (what.kind !== 'loss') segments.push({ name, bytes: 1, modifiedAt: time(hour + 1) });
    }
    const made = makeBackup(what, line, hour);
    if (made && !backups.some(({ name }) => name === made.name)) {
      backups.push(made);
      line.newest = made;
    }
    for (const each of lines) each.index++;
    if (what.kind === 'promotion') {
      highest++;
      const index = Math.max(1, line.index - what.back);
      const at = `${(BigInt(index) * BigInt(SEGMENT_BYTES) + 40n).toString()}`;
      if (!what.historyLost) switches.push({ timeline: highest, parent: line.timeline, at });
      lines = [...(what.oldGoesOn ? lines : []), { timeline: highest, index }];
    }
  });
  return { listedAt: time(events.length), segmentBytes: SEGMENT_BYTES, backups, unusable: [], segments, switches };
}

function makeBackup({ kind }: Event, { timeline, index, newest }: Line, hour: number): StoredBackup | undefined {
  if (!['full', 'stale', 'delta', 'broken', 'permanent', 'odd'].includes(kind)) return undefined;
  const segment = formatSegment({ timeline, index });
  const parent = kind === 'delta' ? newest?.name : undefined;
  return {
    name: parent ? `base_${segment}_D_${parent.slice(5, 29)}` : `base_${segment}`,
    startedAt: time(hour + 0.2),
    finishedAt: time(kind === 'odd' ? hour + 1000 : hour + 0.4),
    timeline,
    startSegment: segment,
    finishSegment: segment,
    ...(parent ? { parent } : {}),
    isPermanent: kind === 'permanent',
    compressedBytes: 1,
    uncompressedBytes: 1,
    storedBytes: 1,
    parts: kind === 'broken' ? 0 : 3,
  };
}

const contents = fc.array(event, { minLength: 1, maxLength: 120 }).map(live);
const count = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
const rules: fc.Arbitrary<RetentionRules> = fc
  .record({
    recoveryWindowSeconds: fc.option(fc.integer({ min: 1, max: 120 * 3600 }), { nil: undefined }),
    keepFull: count,
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    minFullBackups: fc.integer({ min: 1, max: 3 }),
    timeZone: fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'Asia/Kathmandu'),
  })
  .map((record) => JSON.parse(JSON.stringify(record)) as RetentionRules);

/** When it is decided: right after the last hour. */
const nowOf = (store: StoreContents) => store.listedAt;

function property(
  name: string,
  check: (store: StoreContents, rules: RetentionRules, left: StoreContents) => void,
): void {
  test(name, () => {
    fc.assert(
      fc.property(contents, rules, (store, given) =>
        check(store, given, carryOut(store, decideRetention(store, given, nowOf(store)))),
      ),
      { numRuns: 400 },
    );
  });
}

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

/** Hours whose WAL a recovery from a backup along a timeline's path gets to. */
function reachOf(store: StoreContents, sound: ReadonlySet<string>, backup: StoredBackup, leaf: number): Set<number> {
  const stored = new Map(store.segments.map((segment) => [segment.name, segment]));
  const moments = new Set<number>();
  if (!sound.has(backup.name)) return moments;
  const path = new Map([[leaf, Number.POSITIVE_INFINITY]]);
  const leaving = (timeline: number) => store.switches.find((each) => each.timeline === timeline);
  for (let from = leaving(leaf); from; from = leaving(from.parent))
    path.set(from.parent, Number(BigInt(from.at) / BigInt(SEGMENT_BYTES)));
  const start = parseSegment(backup.startSegment);
  // Finished in the very segment of the switch, it may have come after it.
  if (!start || start.index >= (path.get(backup.timeline) ?? -1)) return moments;
  for (let { timeline, index } = start; ; index++) {
    const onNext = [...path.keys()].filter((each) => each > timeline).sort((a, b) => a - b)[0];
    if (onNext !== undefined && index >= (path.get(timeline) ?? 0)) timeline = onNext;
    const segment = stored.get(formatSegment({ timeline, index }));
    if (!segment) return moments;
    moments.add(Date.parse(segment.modifiedAt) / HOUR);
  }
}

/** Every moment since `from`, by the hour in which its segment was stored and the timeline that it belongs to. */
function listRestorable(store: StoreContents, from: number): Set<string> {
  const sound = new Set(names(listSound(store)));
  const leaves = [...new Set([...store.segments.map(({ name }) => parseSegment(name)?.timeline ?? 0)])];
  const moments = new Set<string>();
  for (const leaf of leaves) {
    for (const backup of store.backups) {
      // A clock that was wrong made these: when they can be restored from is not known.
      if (Date.parse(backup.finishedAt) > Date.parse(store.listedAt)) continue;
      for (const hour of reachOf(store, sound, backup, leaf)) {
        const isSince = hour * HOUR > from && hour * HOUR > Date.parse(backup.finishedAt);
        if (isSince) moments.add(`${leaf}@${hour}`);
      }
    }
  }
  return moments;
}

property('the last sound full backup stays', (store, _, left) => {
  const isGood = (each: StoredBackup) => isFull(each) && Date.parse(each.finishedAt) <= Date.parse(nowOf(store));
  const last = listSound(store).filter(isGood).at(-1);
  if (last) assert.ok(names(left.backups).includes(last.name));
});

property(
  'there are never fewer full backups than the floor, if there were so many',
  (store, { minFullBackups }, left) => {
    const fulls = (of: StoreContents) => listSound(of).filter(isFull).length;
    assert.ok(fulls(left) >= Math.min(minFullBackups, fulls(store)));
  },
);

property('what is kept was sound and stays so: its parents, and its WAL from start to finish', (store, _, left) => {
  const kept = new Set(names(left.backups));
  assert.deepEqual(
    names(listSound(left)),
    names(listSound(store)).filter((name) => kept.has(name)),
  );
  const byName = byNameOf(store.backups);
  for (const backup of left.backups)
    for (const { name } of listChain(backup, byName)) assert.ok(kept.has(name), `${backup.name} needs ${name}`);
  const had = new Set(names(store.segments));
  const has = new Set(names(left.segments));
  for (const backup of left.backups)
    for (const name of listOwnSegments(backup, SEGMENT_BYTES) ?? []) assert.equal(has.has(name), had.has(name));
});

property('every moment of the window that could be restored still can be', (store, { recoveryWindowSeconds }, left) => {
  if (recoveryWindowSeconds === undefined) return;
  const from = Date.parse(nowOf(store)) - recoveryWindowSeconds * 1000;
  assert.deepEqual([...listRestorable(store, from)].sort(), [...listRestorable(left, from)].sort());
});

property('from the newest full backup on every moment can still be restored, whatever the policy', (store, _, left) => {
  const full = listSound(store)
    .filter((each) => isFull(each) && each.finishedAt <= nowOf(store))
    .at(-1);
  if (!full) return;
  const reach = (of: StoreContents) => reachOf(of, new Set(names(listSound(of))), full, full.timeline);
  assert.deepEqual(reach(left), reach(store));
});

/** Sound full ones from which a recovery gets to the newest timeline of which the store knows, oldest first. */
function fullsOfNewest(store: StoreContents): StoredBackup[] {
  const leaf = newestOf(store);
  const sound = listSound(store);
  const known = new Set(names(sound));
  return sound
    .filter((each) => isFull(each) && each.finishedAt <= nowOf(store) && reachOf(store, known, each, leaf).size > 0)
    .sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt));
}

function newestOf({ backups, segments, switches }: StoreContents): number {
  const timelines = [...backups, ...switches].map(({ timeline }) => timeline);
  return Math.max(...timelines, ...segments.map(({ name }) => parseSegment(name)?.timeline ?? 0));
}

property('an old primary pushes out none of the newest timeline’s, nor its WAL', (store, given, left) => {
  const wanted = fullsOfNewest(store).slice(-Math.max(given.keepFull ?? 0, given.minFullBackups));
  const leaf = newestOf(store);
  const reach = (of: StoreContents, each: StoredBackup) => reachOf(of, new Set(names(listSound(of))), each, leaf);
  for (const each of wanted) assert.deepEqual(reach(left, each), reach(store, each), each.name);
});

property('permanent backups stay', (store, _, left) => {
  const permanent = (of: StoreContents) => names(of.backups.filter(({ isPermanent }) => isPermanent));
  assert.deepEqual(permanent(left), permanent(store));
});

property('deciding again on what is left removes nothing more', (store, given, left) => {
  const again = decideRetention(left, given, nowOf(store));
  assert.deepEqual([again.removed, again.removedSegments], [[], []]);
});

property('what is kept and what goes is all there is, and each name is once in it', (store, given) => {
  const { kept, removed } = decideRetention(store, given, nowOf(store));
  assert.deepEqual([...names(kept), ...removed].sort(), names(store.backups).sort());
});

test('the order of the listing does not matter', () => {
  const shuffled = contents.chain((store) =>
    fc.record({
      store: fc.constant(store),
      backups: fc.shuffledSubarray([...store.backups], { minLength: store.backups.length }),
      segments: fc.shuffledSubarray([...store.segments], { minLength: store.segments.length }),
    }),
  );
  fc.assert(
    fc.property(shuffled, rules, ({ store, backups, segments }, given) => {
      const other = decideRetention({ ...store, backups, segments }, given, nowOf(store));
      assert.deepEqual(other, decideRetention(store, given, nowOf(store)));
    }),
    { numRuns: 200 },
  );
});

test('without a retention nothing goes', () => {
  fc.assert(
    fc.property(contents, (store) => {
      const { removed, removedSegments } = decideRetention(store, undefined, nowOf(store));
      assert.deepEqual([removed, removedSegments], [[], []]);
    }),
  );
});

test('pruned after each hour, every moment of the window can be restored at every hour', () => {
  const events = fc.array(event, { minLength: 20, maxLength: 60 });
  fc.assert(
    fc.property(events, rules, (story, given) => {
      if (given.recoveryWindowSeconds === undefined) return;
      // A recovery cannot go back to where the window does not reach.
      const hoursBack = Math.max(0, Math.floor(given.recoveryWindowSeconds / 3600) - 1);
      const possible = story.map((each) =>
        each.kind === 'promotion' ? { ...each, back: Math.min(each.back, hoursBack) } : each,
      );
      const gone = { backups: new Set<string>(), segments: new Set<string>() };
      for (let hours = 10; hours <= story.length; hours += 5) {
        const whole = live(possible.slice(0, hours));
        const store = carryOut(whole, { removed: [...gone.backups], removedSegments: [...gone.segments] });
        const from: number = Date.parse(whole.listedAt) - given.recoveryWindowSeconds * 1000;
        assert.deepEqual([...listRestorable(store, from)].sort(), [...listRestorable(whole, from)].sort());
        const { removed, removedSegments } = decideRetention(store, given, whole.listedAt);
        for (const name of removed) gone.backups.add(name);
        for (const name of removedSegments) gone.segments.add(name);
      }
    }),
    { numRuns: 150 },
  );
});

test('the dry run says what goes then, if the next backup is made as foreseen', () => {
  fc.assert(
    fc.property(contents, rules, (store, given) => {
      const left = carryOut(store, decideRetention(store, given, nowOf(store)));
      const next = previewRetention(left, given, { at: time(500), deltaSteps: 0 });
      assert.ok(next.every((name) => names(left.backups).includes(name)));
      const last = listSound(left).filter(isFull).at(-1);
      if (given.minFullBackups > 1 && last && Date.parse(last.finishedAt) < Date.parse(time(500)))
        assert.ok(!next.includes(last.name));
    }),
    { numRuns: 200 },
  );
});
