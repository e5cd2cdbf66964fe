// What waits to be archived on the volume that holds pg_wal, and when that volume will be full. Room: lib (pure).

/** pg_wal as its files say: it can be read while Postgres is down. Sizes in bytes. */
export interface WalBacklog {
  /** Files that Postgres has marked as ready to be archived. */
  readonly waiting: number;
  /** The next one that Postgres has archived, and when it was marked (RFC 3339); absent while none waits. */
  readonly oldest?: { readonly name: string; readonly since: string };
  readonly segmentBytes: number;
  readonly walBytes: number;
  readonly volumeBytes: number;
  /** For processes that are not root's. */
  readonly volumeFreeBytes: number;
}

/** `at` in milliseconds since 1970. */
export interface WalSample {
  readonly at: number;
  readonly walBytes: number;
  readonly waitingBytes: number;
}

/** The last look at pg_wal, and what it shows together with those before. */
export interface WalView {
  readonly backlog: WalBacklog;
  readonly samples: readonly WalSample[];
  readonly secondsToFull?: number;
}

const WINDOW_MS = 300_000;
/** Two segments that come close together are no trend. */
const SHORTEST_MS = 30_000;

export function toSample({ walBytes, waiting, segmentBytes }: WalBacklog, at: number): WalSample {
  return { at, walBytes, waitingBytes: waiting * segmentBytes };
}

/** The samples of the sliding window, oldest first: only of a time in which segments waited all along. */
export function addSample(samples: readonly WalSample[], sample: WalSample): readonly WalSample[] {
  if (sample.waitingBytes === 0) return [];
  return [...samples.filter(({ at }) => at <= sample.at && sample.at - at <= WINDOW_MS), sample];
}

/**
 * Seconds until the volume is full if WAL goes on as it did over the window; undefined where it does not grow, or not for
 * half a minute yet.
 *
 * | pg_wal | what waits | why                                                             | grows by         |
 * | grows  | grows      | the archive is away, or slower than WAL is made                 | the smaller one  |
 * | grows  | does not   | a burst: Postgres takes room up to max_wal_size and then reuses | nothing          |
 * | stays  | grows      | segments that are kept for reuse are being used up first        | nothing          |
 */
export function estimateSecondsToFull(samples: readonly WalSample[], freeBytes: number): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < SHORTEST_MS) return undefined;
  const growth = Math.min(last.walBytes - first.walBytes, last.waitingBytes - first.waitingBytes);
  if (growth <= 0) return undefined;
  return Math.floor((freeBytes / growth) * ((last.at - first.at) / 1000));
}
