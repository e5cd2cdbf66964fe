// When the store is asked again. No I/O. Room: agent (door).

/** What the last answer was for, and whether it can stand for a while. */
export interface Asked {
  readonly atMs: number;
  /** Where, with what credentials and key, in which role of Postgres. */
  readonly subject: string;
  /** Reads, writes, and belongs to this very sidecar since before. */
  readonly isSettled: boolean;
}

const INTERVAL_MS = 60_000;
/** An outage that is over, or two that claimed at one moment, show soon. */
const UNSETTLED_INTERVAL_MS = 15_000;

/**
 * | asked before | the same subject | settled, and nobody waits | since    | ask |
 * | no           |                  |                           |          | yes |
 * | yes          | no               |                           |          | yes |
 * | yes          | yes              | yes                       | < 60 s   | no  |
 * | yes          | yes              | yes                       | >= 60 s  | yes |
 * | yes          | yes              | no                        | < 15 s   | no  |
 * | yes          | yes              | no                        | >= 15 s  | yes |
 */
export function isDue(last: Asked | undefined, subject: string, nowMs: number, isUrgent: boolean): boolean {
  if (last?.subject !== subject) return true;
  return nowMs - last.atMs >= (last.isSettled && !isUrgent ? INTERVAL_MS : UNSETTLED_INTERVAL_MS);
}
