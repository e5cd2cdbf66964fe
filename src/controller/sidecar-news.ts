// Is what a sidecar says worth a look at its database? No I/O. Room: controller (door).
import type { SidecarStatus } from '../api/reports.ts';
import { isEqual, isObject } from '../lib/json.ts';

export type Answer = SidecarStatus | string;

/** Counters and times of a busy database move with each answer; this often they are looked at. */
const QUIET_MS = 30_000;

/**
 * | what was told last | the answer says                              | news                           |
 * | nothing            | anything                                     | yes                            |
 * | something          | the same                                     | no                             |
 * | something          | the same, but for numbers, times, segments   | when that was half a minute ago |
 * | something          | something else; a counter left zero          | yes                            |
 *
 * @param told what the last look was made with; @param agoMs when that was
 */
export function isNews(told: Answer | undefined, answer: Answer, agoMs: number): boolean {
  if (told === undefined) return true;
  if (isEqual(told, answer)) return false;
  return agoMs >= QUIET_MS || !isEqual(gist(told), gist(answer));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const SEGMENT = /^[0-9A-F]{24}$/;

/** The words of it: whether a number is there and zero, and not which one it is. */
function gist(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 'none' : 'some';
  if (typeof value === 'string') return TIME.test(value) ? 'time' : SEGMENT.test(value) ? 'segment' : value;
  if (Array.isArray(value)) return value.map(gist);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, gist(each)]));
}
