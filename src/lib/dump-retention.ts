// Which dumps stay. Room: lib (pure).
import { MANIFEST, timeOfDump } from './dump-manifest.ts';
import type { StoredObject } from './store-listing.ts';

export interface StoredDump {
  readonly name: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Does it have its manifest? */
  readonly isGood: boolean;
  /** When the last of its objects was written: Unix milliseconds. */
  readonly touchedAt: number;
}

/** A torn dump may be one that still runs; after a day without a change it is not. */
const TORN_AFTER_MS = 24 * 3600 * 1000;

/** A dump has just been stored when others are judged: the rest is for clocks that differ. */
const FRESH_MS = 30 * 60_000;

/** Oldest first. What bears no name of a dump is not ours, and is never looked at. */
export function listDumps(objects: readonly StoredObject[]): StoredDump[] {
  const folders = Map.groupBy(objects, ({ path }) => path.slice(0, path.indexOf('/')));
  const dumps = [...folders].flatMap(([name, held]) => {
    const startedAt = timeOfDump(name);
    if (startedAt === undefined) return [];
    const isGood = held.some(({ path }) => path === `${name}/${MANIFEST}`);
    return [{ name, startedAt, isGood, touchedAt: Math.max(...held.map((each) => Date.parse(each.modifiedAt))) }];
  });
  return dumps.sort((a, b) => a.startedAt - b.startedAt);
}

export function findNewest(dumps: readonly StoredDump[]): StoredDump | undefined {
  return dumps.findLast(({ isGood }) => isGood);
}

/**
 * | clock against the store's | dump | age             | newest good one | goes |
 * | far ahead                 |      |                 |                 | none |
 * | as it should be           | good | up to keep      | any             | no   |
 * | as it should be           | good | more than keep  | is this one     | no   |
 * | as it should be           | good | more than keep  | is another one  | yes  |
 * | as it should be           | torn | changed today   | any             | no   |
 * | as it should be           | torn | a day unchanged | any             | yes  |
 *
 * @param now Unix milliseconds
 * @throws Error where the clock cannot be right: a dump was just finished, and the store says that it was long ago
 */
export function chooseExpired(dumps: readonly StoredDump[], keepSeconds: number, now: number): StoredDump[] {
  const newest = findNewest(dumps);
  const touchedAt = Math.max(...dumps.map((dump) => dump.touchedAt));
  if (now - touchedAt > FRESH_MS)
    throw new Error(
      `it is ${new Date(now).toISOString()} by the clock of this node, and the store's newest object is of ${new Date(touchedAt).toISOString()} by the store's clock; one of the two is wrong. Set the clock`,
    );
  return dumps.filter((dump) => {
    if (!dump.isGood) return now - dump.touchedAt > TORN_AFTER_MS;
    return dump !== newest && now - dump.startedAt > keepSeconds * 1000;
  });
}
