// What to change in Patroni's dynamic configuration, which all members share. No I/O. Room: agent (door).
import { ARCHIVE_SCRIPT } from '../api/names.ts';
import { buildPatroniParameters } from '../inject/archive-settings.ts';
import { isObject } from '../lib/json.ts';
import type { WantedSettings } from './settings.ts';

export type PatroniPlan =
  | { readonly kind: 'in-place' }
  | { readonly kind: 'patch'; readonly parameters: Readonly<Record<string, string | number>> }
  /** Another archiver's; never its text, which may hold secrets. */
  | { readonly kind: 'foreign'; readonly parameter: string };

/**
 * | archive_command, archive_library there | take-over | others differ | plan              |
 * | none, '', /bin/true                    |           |               | patch what differs |
 * | ours                                   |           | no            | in-place          |
 * | ours                                   |           | yes           | patch the others  |
 * | another's                              | no        |               | foreign           |
 * | another's                              | yes       |               | patch what differs |
 *
 * @param configuration the answer of GET /config
 */
export function planPatroni(configuration: unknown, wanted: WantedSettings): PatroniPlan {
  const there = parametersOf(configuration);
  const parameter = FOREIGN.find((name) => isForeign(there[name]));
  if (parameter !== undefined && !wanted.isTakeOver) return { kind: 'foreign', parameter };
  const all: Record<string, string | number> = {
    ...buildPatroniParameters(wanted.timeoutSeconds),
    // Postgres 16 and later takes one of the two, not both.
    ...(isForeign(there.archive_library) ? { archive_library: '' } : {}),
  };
  const differing = Object.entries(all).filter(([name, value]) => !isGood(name, there[name], value));
  return differing.length === 0 ? { kind: 'in-place' } : { kind: 'patch', parameters: Object.fromEntries(differing) };
}

function parametersOf(configuration: unknown): Record<string, unknown> {
  const postgresql = isObject(configuration) ? configuration.postgresql : undefined;
  const parameters = isObject(postgresql) ? postgresql.parameters : undefined;
  return isObject(parameters) ? parameters : {};
}

const FOREIGN = ['archive_command', 'archive_library'] as const;

function isForeign(value: unknown): boolean {
  const text = String(value ?? '').trim();
  return text !== '' && text !== '/bin/true' && text !== 'true' && !text.includes(ARCHIVE_SCRIPT);
}

/** Good enough to be left as it is: also a shorter timeout, and archive_mode always. */
function isGood(name: string, value: unknown, wanted: string | number): boolean {
  if (name === 'archive_mode') return ['on', 'true', 'yes', '1', 'always'].includes(String(value).toLowerCase());
  if (name === 'archive_command') return String(value ?? '').includes(ARCHIVE_SCRIPT);
  if (name === 'archive_timeout') {
    const seconds = toSeconds(value);
    return seconds > 0 && seconds <= Number(wanted);
  }
  return value === wanted;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 0.001, s: 1, min: 60, h: 3600, d: 86_400 };

/** As Postgres reads it; NaN where it would not. */
function toSeconds(value: unknown): number {
  const [, number, unit = ''] = /^\s*(\d+)\s*(ms|s|min|h|d)?\s*$/.exec(String(value ?? '')) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
}
