// Times of other machines' clocks. Room: lib (pure).

/** Two nodes' clocks that are kept right differ by less. */
const SKEW_MS = 60_000;

/**
 * Could it have been? What is said to come later was told by a clock that is wrong, and would be the newest for as long as that
 * was ahead. Times are RFC 3339; one that cannot be read was not.
 */
export function hasBeen(time: string | undefined, now: string): boolean {
  return Date.parse(time ?? '') <= Date.parse(now) + SKEW_MS;
}
