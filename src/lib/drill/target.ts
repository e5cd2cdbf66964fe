// Which moment a drill brings back. Room: lib (pure).
import type { RecoveryWindow } from '../../api/protected-database.ts';
import type { RestoreTarget } from '../../api/restore.ts';
import { latest } from '../recovery-window.ts';

export interface AskedMoment {
  readonly target: 'latest' | 'random' | 'lag';
  /** With target lag. */
  readonly lagSeconds?: number;
}

export type ChosenMoment =
  | { readonly target: RestoreTarget }
  /** Nothing that old is kept: it says nothing about what is. */
  | { readonly tooOld: string };

/**
 * | asked  | windows                        | target                                                     |
 * | latest | any                            | latest                                                     |
 * | lag    | the first begins later         | none: too old                                              |
 * | lag    | any other, also none           | the time; in a gap the plan refuses it                     |
 * | random | none                           | latest, which the plan refuses with the reason             |
 * | random | some                           | any moment of them, each as likely as the other            |
 *
 * @param windows oldest first; the last one may go on
 * @param now Unix milliseconds: the end of a window that goes on, where nothing tells what was archived last
 * @param newestAt RFC 3339, when something was archived last
 * @param random from 0 to below 1
 */
export function chooseMoment(
  { target, lagSeconds = 0 }: AskedMoment,
  windows: readonly RecoveryWindow[],
  now: number,
  newestAt: string | undefined,
  random: number,
): ChosenMoment {
  if (target === 'latest') return { target: { latest: true } };
  if (target === 'random') return { target: pickMoment(windows, newestAt ?? toTime(now), random) };
  const time = toTime(now - lagSeconds * 1000);
  const [first] = windows;
  if (first && Date.parse(time) < Date.parse(first.from))
    return { tooOld: `the lag of ${lagSeconds} s leads to ${time}, and what can be restored begins at ${first.from}` };
  return { target: { time } };
}

function pickMoment(windows: readonly RecoveryWindow[], end: string, random: number): RestoreTarget {
  const spans = windows.map(({ from, to }) => {
    const begin = Date.parse(from);
    return { begin, length: Math.max(0, Date.parse(to ?? latest([from, end]) ?? from) - begin) };
  });
  const total = spans.reduce((sum, { length }) => sum + length, 0);
  // Single moments only: base backups that are kept alone.
  if (total === 0) return pickOne(windows, random);
  let left = random * total;
  for (const { begin, length } of spans) {
    if (left < length) return { time: toTime(begin + Math.floor(left)) };
    left -= length;
  }
  return { latest: true };
}

function pickOne(windows: readonly RecoveryWindow[], random: number): RestoreTarget {
  const picked = windows[Math.floor(random * windows.length)];
  return picked ? { time: picked.from } : { latest: true };
}

function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
