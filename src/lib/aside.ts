// Where a restore in place has its directories: beside the data directory, on the same volume, so that a rename is enough.
// Room: lib (pure).
import { formatBytes } from './quantity.ts';

/** Absolute paths. */
export interface Places {
  readonly pgdata: string;
  /** What is fetched, until it takes the place of the data directory. */
  readonly work: string;
  /** The data that were there before. */
  readonly aside: string;
  /** What the restore made, once it has made way again. */
  readonly made: string;
}

/** A file's name has 255 bytes at most. */
const MAX_NAME = 100;

/** @param restore its name; @param incarnation of what it makes, and so says when */
export function placesOf(pgdata: string, restore: string, incarnation: string): Places {
  const by = `${restore.slice(0, MAX_NAME)}-${incarnation}`;
  return {
    pgdata,
    work: `${pgdata}.walguard-${incarnation}`,
    aside: `${pgdata}.before-${by}`,
    made: `${pgdata}.of-${by}`,
  };
}

/** For WAL while it is replayed, and for Postgres itself. */
const SPARE_BYTES = 256 * 1024 ** 2;

/** Undefined where there is room. */
export function explainLackOfRoom(freeBytes: number, dataBytes: number): string | undefined {
  const needed = dataBytes + SPARE_BYTES;
  if (freeBytes >= needed) return undefined;
  return `the old data stay on the volume, and a second copy needs ${formatBytes(needed)} beside them; ${formatBytes(freeBytes)} are free. Grow the volume, or restore into a new StatefulSet; nothing was touched`;
}
