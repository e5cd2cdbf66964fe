// What a reflector does next, after a list or a watch has ended. No I/O. Room: kube.

/** How it ended: well; because the version to go on from is too old; or badly, in whatever way. */
export type Ending = 'listed' | 'ended' | 'gone' | 'failed';

export interface Outcome {
  readonly step: 'list' | 'watch';
  readonly ending: Ending;
  /** Milliseconds that the watch was open. */
  readonly livedMs: number;
  /** When the server wants to be asked again, where it said so. */
  readonly retryAfterMs?: number | undefined;
}

export interface Course {
  readonly step: 'list' | 'watch';
  readonly delayMs: number;
  /** In a row; a watch that held for a while ends the row. */
  readonly failures: number;
}

/** A watch that ends sooner was not worth its request. */
const SHORT_MS = 1000;
/** One that broke later than this is no sign of trouble that lasts. */
const HELD_MS = 10_000;
/** After so many the position itself may be what the server cannot serve. */
const MOST_WATCH_FAILURES = 5;

/**
 * | ended  | how                        | next                      | after         |
 * | list   | listed                     | watch                     | nothing       |
 * | list   | gone (a page), failed      | list                      | backoff       |
 * | watch  | ended, was open a second   | watch                     | nothing       |
 * | watch  | ended at once              | watch, the fifth time list | backoff      |
 * | watch  | gone                       | list                      | backoff       |
 * | watch  | failed                     | watch, the fifth time list | backoff      |
 *
 * @param random from 0 to 1
 */
export function decideCourse({ step, ending, livedMs, retryAfterMs }: Outcome, before: number, random: number): Course {
  if (ending === 'listed') return { step: 'watch', delayMs: 0, failures: before };
  if (ending === 'ended' && livedMs >= SHORT_MS) return { step: 'watch', delayMs: 0, failures: 0 };
  const failures = livedMs >= HELD_MS ? 1 : before + 1;
  const delayMs = backOff(failures, random, retryAfterMs);
  if (step === 'list' || ending === 'gone') return { step: 'list', delayMs, failures };
  return { step: failures % MOST_WATCH_FAILURES === 0 ? 'list' : 'watch', delayMs, failures };
}

const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/**
 * Doubles with each failure, up to half a minute; half as much less or more of it by chance, so that many that failed at one
 * moment do not come again at one moment. Never sooner than the server asked for.
 */
export function backOff(failures: number, random: number, retryAfterMs = 0, longestMs = LONGEST_MS): number {
  const ms = Math.min(longestMs, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.max(ms * (0.5 + random), retryAfterMs * (1 + random / 4));
}
