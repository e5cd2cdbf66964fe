import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Archiving,
  floorBytes,
  mayLetGo,
  type Pressure,
  watchArchiving,
  withoutLetGo,
} from '../../src/lib/letting-go.ts';

const MB = 1024 * 1024;
const NOW = Date.parse('2026-11-21T10:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

interface Given {
  readonly free: number;
  /** Seconds since the oldest waiting one was marked; undefined: none waits. */
  readonly waits?: number;
  /** Seconds since this sidecar has seen Postgres archive; undefined: it does not. */
  readonly up?: number | undefined;
  /** Seconds since the last one was archived, and since archive_command failed last; undefined: never. */
  readonly archived?: number | undefined;
  readonly failed?: number | undefined;
  readonly full?: number;
  readonly lettingGo?: number;
  readonly store?: readonly [secondsAgo: number, writable: boolean] | undefined;
  readonly volume?: number;
}

/** A volume of 3200 MB: the floor is 160 MB, and the brink 48. Up for an hour, and archive_command fails again and again. */
function pressure(given: Given): Pressure {
  const {
    free,
    waits,
    up,
    archived,
    failed,
    full,
    lettingGo,
    store,
    volume = 3200,
  } = { up: 3600, failed: 0, ...given };
  return {
    now: NOW,
    backlog: {
      segmentBytes: 16 * MB,
      walBytes: 800 * MB,
      volumeBytes: volume * MB,
      volumeFreeBytes: free * MB,
      waiting: waits === undefined ? 0 : 9,
      ...(waits === undefined ? {} : { oldest: { name: 'a', since: ago(waits) } }),
    },
    ...(full === undefined ? {} : { secondsToFull: full }),
    ...(up === undefined
      ? {}
      : {
          archiving: {
            since: NOW - up * 1000,
            ...(archived === undefined ? {} : { lastArchivedTime: ago(archived) }),
            ...(failed === undefined ? {} : { lastFailedTime: ago(failed) }),
          },
        }),
    ...(lettingGo === undefined ? {} : { lettingGoSince: ago(lettingGo) }),
    ...(store ? { store: { checkedAt: ago(store[0]), writable: store[1] } } : {}),
  };
}

type Row = readonly [name: string, given: Given, isLetGo: boolean];
const AWAY = [1, false] as const;
const THERE = [1, true] as const;

/** Rows of the table of mayLetGo, in its order, and their edges. */
const ROWS: readonly Row[] = [
  ['Postgres does not answer, the volume is full', { free: 0, waits: 3600, up: undefined, store: AWAY }, false],
  ['nothing waits: other data fill the volume', { free: 0, store: AWAY }, false],
  ['the volume has room, the store has been away for hours', { free: 160, waits: 7200, store: AWAY }, false],
  ['little room, tried in vain for long, and the store takes objects', { free: 159, waits: 900, store: THERE }, false],
  ['little room, and it took objects before that only', { free: 159, waits: 900, store: [901, true] }, true],
  ['little room, and the store away for less than five minutes', { free: 159, waits: 299, store: AWAY }, false],
  ['little room, and the store away for five minutes', { free: 159, waits: 300, store: AWAY }, true],
  ['little room, in vain for five minutes, the store not asked', { free: 159, waits: 300 }, true],
  ['little room, long waits, but segments are being archived', { free: 159, waits: 900, archived: 10 }, false],
  ['full in three minutes', { free: 1000, waits: 200, full: 180, store: AWAY }, false],
  ['full in less than three minutes, for 29 s', { free: 1000, waits: 29, full: 179, store: AWAY }, false],
  ['full in less than three minutes, for 30 s', { free: 1000, waits: 30, full: 179, store: AWAY }, true],
  [
    'full in less than three minutes, and the store takes objects',
    { free: 1000, waits: 60, full: 179, store: THERE },
    false,
  ],
  ['at the brink, for less than five seconds', { free: 47, waits: 4, store: AWAY }, false],
  ['at the brink, for five seconds', { free: 47, waits: 5, store: AWAY }, true],
  ['at the brink, in vain although the store takes objects', { free: 47, waits: 60, store: THERE }, true],
  ['room for three segments, for five seconds', { free: 48, waits: 5, store: AWAY }, false],
  ['full in a minute', { free: 1000, waits: 20, full: 60, store: AWAY }, false],
  ['full in less than a minute', { free: 1000, waits: 20, full: 59, store: AWAY }, true],
  ['at the brink, but segments are being archived', { free: 47, waits: 60, archived: 4, failed: undefined }, false],
  ['never archived anything, and never tried', { free: 47, waits: 300, failed: undefined }, false],
  ['let go, and the store takes objects again', { free: 10, waits: 5, lettingGo: 60, store: [5, true] }, false],
  [
    'let go, and the store took objects before that only',
    { free: 10, waits: 5, lettingGo: 60, store: [90, true] },
    true,
  ],
  ['let go, and the store takes none', { free: 10, waits: 5, lettingGo: 60, store: [5, false] }, true],
  ['let go, and room above the floor', { free: 319, waits: 5, lettingGo: 60 }, true],
  ['let go, and twice the floor', { free: 320, waits: 5, lettingGo: 60 }, false],
  ['let go, and twice the floor, but full in less than six minutes', { free: 900, lettingGo: 9, full: 359 }, true],
  ['let go, and Postgres does not answer for once', { free: 100, waits: 5, lettingGo: 60, up: undefined }, true],
  ['let go, and nothing waits', { free: 100, lettingGo: 60 }, true],
];

/** What the archive's tries say: rows of the table of vainMs, and what must never count as an outage. */
const TRIES: readonly Row[] = [
  [
    'Postgres was down for an hour and has just come up',
    { free: 120, waits: 3600, up: 0, archived: 3600, failed: 3601 },
    false,
  ],
  ['it has come up at the brink, and has not tried yet', { free: 40, waits: 3600, up: 9, failed: 3601 }, false],
  [
    'it has come up at the brink, and the store takes nothing',
    { free: 40, waits: 3600, up: 5, failed: 3601, store: AWAY },
    true,
  ],
  [
    'it has come up, and the store took nothing before that',
    { free: 40, waits: 3600, up: 9, failed: 3601, store: [10, false] },
    false,
  ],
  ['it rests after three failures within 4 s, at the brink', { free: 40, waits: 59, failed: 55 }, false],
  ['it rests after three failures, and is full in two minutes', { free: 70, waits: 59, failed: 55, full: 120 }, false],
  ['it tried again after the rest, in vain', { free: 40, waits: 62, failed: 1 }, true],
  [
    'it archives too slowly for what comes, and the store takes objects',
    { free: 100, waits: 900, archived: 1, full: 900, store: THERE, failed: undefined },
    false,
  ],
  [
    'it archives too slowly, and is full in less than a minute',
    { free: 900, waits: 900, archived: 1, full: 59, store: THERE, failed: undefined },
    true,
  ],
  [
    'it archives too slowly, but not for long',
    { free: 900, waits: 4, archived: 1, full: 59, failed: undefined },
    false,
  ],
];

/** 10 TB with 400 GB free is no emergency, however short or long the store is away. */
const BIG: readonly Row[] = [
  [
    '400 GB free, away for an hour, full in ten days',
    { free: 400_000, waits: 3600, full: 864_000, store: AWAY, volume: 10_000_000 },
    false,
  ],
  ['64 segments free', { free: 1024, waits: 3600, store: AWAY, volume: 10_000_000 }, false],
  ['less than 64 segments free', { free: 1023, waits: 3600, store: AWAY, volume: 10_000_000 }, true],
  ['let go, and 128 segments free', { free: 2048, waits: 1, lettingGo: 60, store: AWAY, volume: 10_000_000 }, false],
];

for (const [name, given, isLetGo] of [...ROWS, ...TRIES, ...BIG]) {
  test(`${name}: ${isLetGo ? 'WAL is let go' : 'WAL is kept'}`, () => assert.equal(mayLetGo(pressure(given)), isLetGo));
}

test('the floor is a twentieth of the volume, never less than four segments and never more than 64', () => {
  const volume = (volumeBytes: number, segmentBytes = 16 * MB) =>
    floorBytes({ waiting: 0, segmentBytes, walBytes: 0, volumeBytes, volumeFreeBytes: 0 });
  assert.equal(volume(10_000 * MB), 500 * MB);
  assert.equal(volume(10_000_000 * MB), 1024 * MB);
  assert.equal(volume(200 * MB), 64 * MB);
  assert.equal(volume(200 * MB, MB), 10 * MB);
});

const seconds = fc.integer({ min: 0, max: 100_000 });
const GIVEN = fc.record(
  {
    free: fc.integer({ min: 0, max: 3200 }),
    waits: seconds,
    up: seconds,
    archived: seconds,
    failed: seconds,
    full: seconds,
    store: fc.tuple(seconds, fc.boolean()),
  },
  { requiredKeys: ['free'] },
);

test('nothing begins it while there is room, nothing waits, or Postgres is not there to try', () => {
  fc.assert(
    fc.property(GIVEN, fc.constantFrom('room', 'wait', 'up'), (given, what) => {
      const lack = {
        room: { free: 160 + given.free, full: 180 + (given.full ?? 0) },
        wait: { waits: undefined },
        up: { up: undefined },
      }[what];
      assert.equal(mayLetGo(pressure({ ...given, ...lack } as Given)), false);
    }),
  );
});

test('nothing begins it within five seconds of the sidecar seeing Postgres, whatever was before', () => {
  fc.assert(
    fc.property(GIVEN, fc.integer({ min: 0, max: 4 }), (given, up) => {
      assert.equal(mayLetGo(pressure({ ...given, up })), false);
    }),
  );
});

test('a store that takes objects is believed, but at the brink', () => {
  fc.assert(
    fc.property(GIVEN, (given) => {
      const asked = { ...given, free: 48 + given.free, full: 60 + (given.full ?? 0), store: [0, true] as const };
      assert.equal(
        mayLetGo(
          pressure({
            ...asked,
            waits: 1 + (given.waits ?? 0),
            up: 1 + (given.up ?? 0),
            archived: 1 + (given.archived ?? 0),
          }),
        ),
        false,
      );
    }),
  );
});

test('Postgres is seen to archive from the first time on, a short silence does not count, a longer one begins anew', () => {
  const at = (...seen: readonly (readonly [second: number, isSeen: boolean])[]) =>
    seen.reduce<Archiving | undefined>(
      (before, [second, isSeen]) => watchArchiving(before, isSeen, second * 1000),
      undefined,
    )?.since;
  assert.equal(at([0, false]), undefined);
  assert.equal(at([1, true], [3, true]), 1000);
  assert.equal(at([1, true], [3, false], [16, true]), 1000);
  assert.equal(at([1, true], [3, false], [16, false], [17, false]), undefined);
  assert.equal(at([1, true], [3, false], [17, true]), 17_000);
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
