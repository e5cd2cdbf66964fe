// Cron schedules as Kubernetes reads them, that is as robfig/cron v3 does: what a CronJob's schedule may be.
// The npm packages croner and cron-parser take what Kubernetes refuses (7, L, #, seconds). Room: lib (pure).
import { parseGoDuration } from './go-duration.ts';
import type { Reason } from './reason.ts';

export interface CronSchedule {
  readonly kind: 'cron';
  /** Minutes of the day on which it is due, in order: hour * 60 + minute. */
  readonly minutesOfDay: readonly number[];
  readonly daysOfMonth: ReadonlySet<number>;
  /** From 1. */
  readonly months: ReadonlySet<number>;
  /** Sunday is 0. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** A star stands in one of the two fields for days: then both must fit; otherwise one of them is enough. */
  readonly isStarred: boolean;
}

/** `@every 90m`: counted from the run before, and bound to no time of the day. */
export interface EverySchedule {
  readonly kind: 'every';
  readonly seconds: number;
}

export type Schedule = CronSchedule | EverySchedule;

/** What is wrong with a schedule, as a Reason tells it. */
export type ScheduleError = Pick<Reason, 'seen' | 'remedy'>;

interface Bounds {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Bounds[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of the week', min: 0, max: 6, names: WEEKDAYS },
];

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** White space in Go, which is not quite what it is in JavaScript. */
const BLANKS = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

const FIVE = 'Write five fields: minute, hour, day of the month, month, day of the week; such as "17 2 * * *".';

export function isSchedule(parsed: Schedule | ScheduleError): parsed is Schedule {
  return 'kind' in parsed;
}

export function parseSchedule(text: string): Schedule | ScheduleError {
  const parsed = parse(text);
  return isSchedule(parsed) ? parsed : { ...parsed, seen: `"${text}", ${parsed.seen}` };
}

function parse(text: string): Schedule | ScheduleError {
  if (text.includes('TZ')) return { seen: 'which names a time zone', remedy: 'Write the time zone into timeZone.' };
  if (text.startsWith('@every ')) return parseEvery(text.slice('@every '.length));
  if (text.startsWith('@') && !Object.hasOwn(DESCRIPTORS, text)) {
    const known = [...Object.keys(DESCRIPTORS), '@every <duration>'].join(', ');
    return { seen: 'which Kubernetes does not know', remedy: `Write one of ${known}.` };
  }
  const words = (DESCRIPTORS[text] ?? text).split(BLANKS).filter((word) => word !== '');
  if (words.length !== FIELDS.length) {
    const hint = words.length === 6 ? 'There is no field for seconds. ' : '';
    return { seen: `which has ${words.length === 1 ? '1 field' : `${words.length} fields`}`, remedy: `${hint}${FIVE}` };
  }
  const fields: Field[] = [];
  for (const [index, word] of words.entries()) {
    const field = parseField(word, FIELDS[index] as Bounds);
    if ('seen' in field) return field;
    fields.push(field);
  }
  return toSchedule(fields);
}

function toSchedule([minutes, hours, days, months, weekdays]: readonly Field[]): CronSchedule {
  const inOrder = (field: Field | undefined) => [...new Set(field?.values)].sort((a, b) => a - b);
  return {
    kind: 'cron',
    minutesOfDay: inOrder(hours).flatMap((hour) => inOrder(minutes).map((minute) => hour * 60 + minute)),
    daysOfMonth: new Set(days?.values),
    months: new Set(months?.values),
    daysOfWeek: new Set(weekdays?.values),
    isStarred: days?.isStarred === true || weekdays?.isStarred === true,
  };
}

function parseEvery(text: string): EverySchedule | ScheduleError {
  const seconds = parseGoDuration(text);
  if (seconds === undefined) {
    return {
      seen: `and "${text}" is no duration`,
      remedy: 'Write hours, minutes and seconds, such as "@every 24h" or "@every 1h30m".',
    };
  }
  return { kind: 'every', seconds: Math.max(1, Math.floor(seconds)) };
}

interface Field {
  readonly values: readonly number[];
  readonly isStarred: boolean;
}

/** Empty parts between commas are passed over, as Go's FieldsFunc does: a lone comma is a field without values. */
function parseField(word: string, bounds: Bounds): Field | ScheduleError {
  const ranges: Field[] = [];
  for (const part of word.split(',').filter((text) => text !== '')) {
    const range = parseRange(part, bounds);
    if ('seen' in range) return range;
    ranges.push(range);
  }
  return {
    values: ranges.flatMap(({ values }) => values),
    isStarred: ranges.some(({ isStarred }) => isStarred),
  };
}

/** `*`, `?`, `a`, `a-b`, each with `/step` or without. What follows a star before the slash is not read, as in robfig/cron. */
function parseRange(part: string, bounds: Bounds): Field | ScheduleError {
  const { name, min, max } = bounds;
  const wrong = (what: string, remedy: string) => ({ seen: `whose ${name} "${part}" ${what}`, remedy });
  const [range = '', stepText, ...more] = part.split('/');
  const [low = '', high, ...beyond] = range.split('-');
  const isStar = low === '*' || low === '?';
  if (more.length > 0) return wrong('has two slashes', 'Write one step, such as */15.');
  if (beyond.length > 0 && !isStar) return wrong('has two hyphens', 'Write a range as a-b.');
  const start = isStar ? min : parseValue(low, bounds);
  const last = isStar ? max : parseValue(high ?? low, bounds);
  if (start === undefined || last === undefined)
    return wrong(bounds.names.length > 0 ? 'is neither a number nor a name' : 'is no number', explainValues(bounds));
  const step = stepText === undefined ? 1 : parseNumber(stepText);
  if (step === undefined || step === 0) return wrong('has no step above 0', 'Write one, such as */15.');
  const end = stepText !== undefined && high === undefined ? max : last;
  if (start < min) return wrong(`is below ${min}`, explainValues(bounds));
  if (Math.max(start, end) > max) {
    return wrong(`is above ${max}`, end === 7 ? 'Write 0 or SUN for Sunday.' : explainValues(bounds));
  }
  if (start > end)
    return wrong('ends before it begins', `Write the smaller one first, or two ranges: ${low}-${max},${min}-${high}.`);
  const values = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
  return { values, isStarred: isStar && step === 1 };
}

function explainValues({ min, max, names }: Bounds): string {
  return `Write ${min} to ${max}${names.length > 0 ? `, or ${names.filter(Boolean).join(', ')}` : ''}.`;
}

function parseValue(text: string, { names }: Bounds): number | undefined {
  const named = text === '' ? -1 : names.indexOf(text.toLowerCase());
  return named >= 0 ? named : parseNumber(text);
}

/** As Go's Atoi does it, without negative ones: `05` and `+5` are 5. */
function parseNumber(text: string): number | undefined {
  return /^\+?\d+$/.test(text) && BigInt(text.replace('+', '')) < 2n ** 63n ? Number(text) : undefined;
}
