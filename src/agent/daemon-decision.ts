// When a daemon is started again, and when one that runs is ended because it does nothing. No I/O. Room: agent (door).

const LONGEST_PAUSE_MS = 30_000;

/** A daemon that ran for so long is no crash loop. */
export const STEADY_MS = 60_000;

/** Milliseconds before the next start: at once after the first end, then 1, 2, 4 ... 30 s. */
export function pauseBeforeStart(endsInARow: number): number {
  return endsInARow <= 1 ? 0 : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (endsInARow - 2));
}

/** What the watch remembers from one look to the next. */
export interface DaemonWatch {
  readonly failedChecks: number;
  /** The file that waits longest, and since when it has been that one, in milliseconds since 1970. */
  readonly oldest?: { readonly name: string; readonly since: number };
  /** How often the daemon was ended because of it. */
  readonly restarts: number;
}

export interface DaemonSigns {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Did it answer the client's check? */
  readonly answers: boolean;
  /** The file that waits longest. */
  readonly oldest?: string;
  /** Does Postgres run, and archive by our command? */
  readonly isAsked: boolean;
  /** When the store last took an object, in milliseconds since 1970. */
  readonly storeWroteAt?: number;
}

export const NOTHING_SEEN: DaemonWatch = { failedChecks: 0, restarts: 0 };

const CHECKS = 3;
const STUCK_MS = 180_000;
const LONGEST_STUCK_MS = 3_600_000;

/**
 * | answers checks | oldest file waits   | Postgres asks | store took an object since | verdict |
 * | not 3 times    |                     |               |                            | restart |
 * | yes            | none, or a new one  |               |                            | keep    |
 * | yes            | less than the limit |               |                            | keep    |
 * | yes            | longer              | no            |                            | keep    |
 * | yes            | longer              | yes           | no, unknown                | keep    |
 * | yes            | longer              | yes           | yes                        | restart |
 *
 * The limit is 3 minutes, twice that after each restart for the same file: some troubles no restart heals, such as
 * another segment of that name in the store.
 */
export function judgeDaemon(before: DaemonWatch, signs: DaemonSigns): { watch: DaemonWatch; restart?: string } {
  const failedChecks = signs.answers ? 0 : before.failedChecks + 1;
  if (failedChecks >= CHECKS) {
    return { watch: { ...before, failedChecks: 0 }, restart: `it did not answer ${CHECKS} checks in a row` };
  }
  if (signs.oldest === undefined || !signs.isAsked) return { watch: { failedChecks, restarts: 0 } };
  const { oldest, restarts } = before.oldest?.name === signs.oldest ? before : { oldest: undefined, restarts: 0 };
  const since = oldest?.since ?? signs.now;
  const watch = { failedChecks, oldest: { name: signs.oldest, since }, restarts };
  const isStuck = signs.now - since >= Math.min(LONGEST_STUCK_MS, STUCK_MS * 2 ** restarts);
  if (!isStuck || !(signs.storeWroteAt !== undefined && signs.storeWroteAt > since)) return { watch };
  const seconds = Math.round((signs.now - since) / 1000);
  return {
    watch: { failedChecks, oldest: { name: signs.oldest, since: signs.now }, restarts: restarts + 1 },
    restart: `${signs.oldest} has been next for ${seconds} s, and the store takes objects`,
  };
}
