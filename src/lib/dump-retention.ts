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
 * | dump | age             | newest good one | goes |
 * | good | up to keep      | any             | no   |
 * | good | more than keep  | is this one     | no   |
 * | good | more than keep  | is another one  | yes  |
 * | torn | changed today   | any             | no   |
 * | torn | a day unchanged | any             | yes  |
 *
 * @param now Unix milliseconds
 */
export function chooseExpired(dumps: readonly StoredDump[], keepSeconds: number, now: number): StoredDump[] {
  const newest = findNewest(dumps);
  return dumps.filter((dump) => {
    if (!dump.isGood) return now - dump.touchedAt > TORN_AFTER_MS;
    return dump !== newest && now - dump.startedAt > keepSeconds * 1000;
  });
}
