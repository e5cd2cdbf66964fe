// Time zones: which names Kubernetes takes, and how far they are from UTC at a moment. Node's own tables of them are data, no
// I/O. Room: lib (pure).
import type { Reason } from './reason.ts';
import { didYouMean } from './similar.ts';
import { TIME_ZONE_NAMES } from './time-zone-names.ts';

/** What is wrong with a time zone as a CronJob's; undefined where Kubernetes takes it. */
export function findTimeZoneError(name: string): Pick<Reason, 'seen' | 'remedy'> | undefined {
  // A zone that is younger than our list is known to Node at least.
  if (TIME_ZONE_NAMES.has(name) || Intl.supportedValuesOf('timeZone').includes(name)) return undefined;
  if (name.toLowerCase() === 'local') {
    return {
      seen: `"${name}", which is another zone on each machine`,
      remedy: 'Name the zone, such as Europe/Berlin.',
    };
  }
  const remedy = didYouMean(name, [...TIME_ZONE_NAMES]).trim();
  return {
    seen: `"${name}", which is no time zone of IANA's`,
    remedy: remedy || 'Write one such as Etc/UTC or Europe/Berlin, with its capitals.',
  };
}

/** From this moment on the zone is so far ahead of UTC. Both in milliseconds. */
export interface Change {
  readonly from: number;
  readonly offset: number;
}

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

/** By zone and year. Zones are few, and so are the years that anybody looks at. */
const remembered = new Map<string, Map<number, readonly Change[]>>();

/** Milliseconds that the zone is ahead of UTC at the moment (Unix milliseconds). */
export function offsetAt(timeZone: string, instant: number): number {
  const changes = changesIn(timeZone, new Date(instant).getUTCFullYear());
  return changes.findLast(({ from }) => from <= instant)?.offset ?? 0;
}

/** The first one begins with the year in UTC; each further one is a change of the clocks. */
export function changesIn(timeZone: string, year: number): readonly Change[] {
  const years = remembered.get(timeZone) ?? new Map<number, readonly Change[]>();
  remembered.set(timeZone, years);
  const found = years.get(year) ?? findChanges(timeZone, Date.UTC(year), Date.UTC(year + 1));
  years.set(year, found);
  return found;
}

/** No zone changes its clocks twice in a week. */
function findChanges(timeZone: string, begin: number, end: number): Change[] {
  const read = openOffsets(timeZone);
  const changes = [{ from: begin, offset: read(begin) }];
  for (let low = begin; low < end; low += WEEK) {
    const high = Math.min(low + WEEK, end - MINUTE);
    const before = read(low);
    const after = read(high);
    if (before !== after)
      changes.push({ from: bisect(low, high, (instant) => read(instant) === before), offset: after });
  }
  return changes;
}

/** The first whole minute for which it does not hold any more. */
function bisect(low: number, high: number, holds: (instant: number) => boolean): number {
  let [yes, no] = [low, high];
  while (no - yes > MINUTE) {
    const middle = yes + Math.floor((no - yes) / 2 / MINUTE) * MINUTE;
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return no;
}

/** A zone that Node does not know, such as Factory, counts as UTC. */
function openOffsets(timeZone: string): (instant: number) => number {
  const format = openFormat(timeZone);
  if (!format) return () => 0;
  return (instant) => {
    const [, sign, hours = '0', minutes = '0', seconds = '0'] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant)) ?? [];
    const ahead = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -ahead : ahead;
  };
}

function openFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}
