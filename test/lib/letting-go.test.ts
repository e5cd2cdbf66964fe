import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { floorBytes, mayLetGo, type Pressure, withoutLetGo } from '../../src/lib/letting-go.ts';

const MB = 1024 * 1024;
const NOW = Date.parse('2026-11-21T10:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

interface Given {
  readonly free: number;
  /** Seconds since the oldest waiting one was marked; undefined: none waits. */
  readonly waits?: number;
  /** Seconds since the last one was archived; null: never. */
  readonly archived?: number | null;
  readonly down?: boolean;
  readonly full?: number;
  readonly lettingGo?: number;
  readonly store?: readonly [secondsAgo: number, writable: boolean];
}

/** A volume of 3200 MB: the floor is 160 MB, half of it 80, and the brink 48. */
function pressure({ free, waits, archived = 600, down, full, lettingGo, store }: Given): Pressure {
  const volume = { segmentBytes: 16 * MB, walBytes: 800 * MB, volumeBytes: 3200 * MB, volumeFreeBytes: free * MB };
  return {
    now: NOW,
    backlog: {
      ...volume,
      waiting: waits === undefined ? 0 : 9,
      ...(waits === undefined ? {} : { oldest: { name: 'a', since: ago(waits) } }),
    },
    ...(full === undefined ? {} : { secondsToFull: full }),
    ...(down ? {} : { archiver: archived === null ? {} : { lastArchivedTime: ago(archived) } }),
    ...(lettingGo === undefined ? {} : { lettingGoSince: ago(lettingGo) }),
    ...(store ? { store: { checkedAt: ago(store[0]), writable: store[1] } } : {}),
  };
}

/** Rows of the table in letting-go.ts, in its order, and their edges. */
const ROWS: readonly (readonly [name: string, given: Given, isLetGo: boolean])[] = [
  ['Postgres does not answer, the volume is full', { free: 0, waits: 3600, down: true }, false],
  ['nothing waits: other data fill the volume', { free: 0 }, false],
  ['the volume has room, the store has been away for hours', { free: 160, waits: 7200 }, false],
  ['little room, and the store away for less than five minutes', { free: 159, waits: 299 }, false],
  ['little room, and the store away for five minutes', { free: 159, waits: 300 }, true],
  ['little room, long waits, but segments are being archived', { free: 159, waits: 900, archived: 10 }, false],
  ['little room, archived too slowly for what comes', { free: 159, waits: 300, archived: 1, full: 900 }, true],
  ['little room, slow, but not for long', { free: 159, waits: 200, archived: 1, full: 900 }, false],
  ['hardly any room, 29 s', { free: 79, waits: 29 }, false],
  ['hardly any room, 30 s', { free: 79, waits: 30 }, true],
  ['hardly any room, but segments are being archived', { free: 79, waits: 200, archived: 5 }, false],
  ['at the brink, for less than five seconds', { free: 47, waits: 4 }, false],
  ['at the brink, for five seconds', { free: 47, waits: 5 }, true],
  ['at the brink, but segments are being archived', { free: 47, waits: 60, archived: 4 }, false],
  ['room for three segments, for five seconds', { free: 48, waits: 5 }, false],
  ['full in three minutes', { free: 159, waits: 200, full: 180 }, false],
  ['full in less than three minutes', { free: 159, waits: 30, full: 179 }, true],
  ['never archived anything', { free: 159, waits: 300, archived: null }, true],
  ['let go, and the store takes objects again', { free: 10, waits: 5, lettingGo: 60, store: [5, true] }, false],
  [
    'let go, and the store took objects before that only',
    { free: 10, waits: 5, lettingGo: 60, store: [90, true] },
    true,
  ],
  ['let go, and the store takes none', { free: 10, waits: 5, lettingGo: 60, store: [5, false] }, true],
  ['let go, and room above the floor', { free: 319, waits: 5, lettingGo: 60 }, true],
  ['let go, and twice the floor', { free: 320, waits: 5, lettingGo: 60 }, false],
  ['let go, and Postgres does not answer for once', { free: 100, waits: 5, lettingGo: 60, down: true }, true],
  ['let go, and nothing waits', { free: 100, lettingGo: 60 }, true],
];

for (const [name, given, isLetGo] of ROWS) {
  test(`${name}: ${isLetGo ? 'WAL is let go' : 'WAL is kept'}`, () => assert.equal(mayLetGo(pressure(given)), isLetGo));
}

test('the floor is a twentieth of the volume, and never less than four segments', () => {
  const volume = (volumeBytes: number, segmentBytes = 16 * MB) =>
    floorBytes({ waiting: 0, segmentBytes, walBytes: 0, volumeBytes, volumeFreeBytes: 0 });
  assert.equal(volume(10_000 * MB), 500 * MB);
  assert.equal(volume(200 * MB), 64 * MB);
  assert.equal(volume(200 * MB, MB), 10 * MB);
});

test('nothing starts it while there is room, or while nothing waits, or while Postgres is not there to ask', () => {
  const given = fc.record({
    free: fc.integer({ min: 0, max: 3200 }),
    waits: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    archived: fc.option(fc.integer({ min: 0, max: 100_000 })),
    down: fc.boolean(),
    full: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(given, ({ waits, full, ...rest }) => {
      const asked = { ...rest, ...(waits === undefined ? {} : { waits }), ...(full === undefined ? {} : { full }) };
      if (rest.free < 160 && waits !== undefined && waits >= 5 && !rest.down) return;
      assert.equal(mayLetGo(pressure(asked)), false);
    }),
  );
});

const PERIOD = { since: ago(600), until: ago(60) };
const ARCHIVED: readonly (readonly [name: string, seconds: number, counts: boolean])[] = [
  ['before it', 601, true],
  ['when it began', 600, false],
  ['during it', 300, false],
  ['when it ended', 60, false],
  ['after it', 59, true],
];

for (const [name, seconds, counts] of ARCHIVED) {
  test(`what Postgres says was archived ${name} ${counts ? 'counts' : 'was let go'}`, () => {
    const archiver = { archiveMode: 'on', lastArchivedTime: ago(seconds), lastArchivedWal: 'a' };
    assert.deepEqual(withoutLetGo(archiver, PERIOD), counts ? archiver : { archiveMode: 'on' });
  });
}

test('where nothing was let go or archived, nothing changes', () => {
  const archiver = { archiveMode: 'on', lastArchivedTime: ago(300) };
  assert.equal(withoutLetGo(archiver, undefined), archiver);
  assert.deepEqual(withoutLetGo({ archiveMode: 'on' }, PERIOD), { archiveMode: 'on' });
});
