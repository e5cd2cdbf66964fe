// May a clean-up by schedule begin? Never after a base backup that failed: then the older ones are all there is.
// Room: lib (pure).
import { lastDue, timed } from './last-due.ts';
import { listSound } from './retention/sound.ts';
import type { StoreContents } from './store-contents.ts';

export type PruneTurn =
  | { readonly kind: 'prune' }
  /** The base backup that is due may still come. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'leave'; readonly why: string };

/** Until a Job that is due has its pod, and a failed one its next try, in milliseconds. */
const START_MS = 20 * 60_000;

/** Clocks of nodes differ, in milliseconds. */
const CLOCK_MS = 60_000;

/**
 * Told from the store, and not from what the controller knew when it planned: no base backup runs now, so the one that was due
 * last is there, or it failed.
 *
 * | a sound one began since it was due | due for less than 20 minutes | turn  |
 * | yes                                |                              | prune |
 * | no                                 | yes                          | wait  |
 * | no                                 | no                           | leave |
 *
 * Of a schedule that was never due yet, any sound base backup will do.
 *
 * @param now RFC 3339
 */
export function decidePruneTurn(
  contents: StoreContents,
  baseBackup: { readonly schedule: string; readonly timeZone: string },
  now: string,
): PruneTurn {
  const instant = Date.parse(now);
  const schedule = timed(baseBackup.schedule, baseBackup.timeZone);
  const due = schedule && lastDue(schedule, instant);
  const began = listSound(contents)
    .map(({ startedAt }) => Date.parse(startedAt))
    .filter((time) => time <= instant + CLOCK_MS);
  if (began.some((time) => due === undefined || time >= due - CLOCK_MS)) return { kind: 'prune' };
  if (due === undefined) return { kind: 'leave', why: 'there is no good base backup' };
  if (instant - due < START_MS) return { kind: 'wait' };
  const at = new Date(due).toISOString().replace('.000Z', 'Z');
  return { kind: 'leave', why: `the base backup that was due at ${at} was not made` };
}
