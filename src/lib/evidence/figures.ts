// The figures of a record in words: what was measured, against what was promised. Room: lib (pure).
import type { EvidenceRecord } from '../../api/evidence.ts';
import { formatDurationSeconds } from '../duration.ts';

/** unknown: there is an objective, and nothing was measured. none: there is no objective to hold it against. */
export interface Figure {
  readonly state: 'met' | 'missed' | 'unknown' | 'none';
  readonly measured: string;
  readonly objective: string;
}

/**
 * | measured     | objective | state   |
 * | absent       | absent    | none    |
 * | absent       | some      | unknown |
 * | some         | absent    | none    |
 * | up to it     | some      | met     |
 * | more than it | some      | missed  |
 */
function hold(measured: number | undefined, objective: number | undefined): Figure {
  const words = {
    measured: measured === undefined ? 'not measured' : formatSeconds(measured),
    objective: objective === undefined ? 'no objective' : formatSeconds(objective),
  };
  if (objective === undefined) return { state: 'none', ...words };
  if (measured === undefined) return { state: 'unknown', ...words };
  return { state: measured <= objective ? 'met' : 'missed', ...words };
}

export function recoveryTime({ recovery, objectives }: EvidenceRecord): Figure {
  return hold(recovery?.rtoSeconds, objectives.rtoSeconds);
}

export function recoveryPoint({ recovery, objectives }: EvidenceRecord): Figure {
  return hold(recovery?.achievedRpoSeconds, objectives.rpoSeconds);
}

/** Rounded up, so that what is over an objective never looks like it: `0.4 s`, `15m 1s`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 3600) return formatDurationSeconds(Math.ceil(seconds / 60) * 60);
  if (seconds >= 60) return formatDurationSeconds(Math.ceil(seconds));
  return `${Math.ceil(seconds * 10) / 10} s`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function formatBytes(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), UNITS.length - 1);
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}

/** What recovery was told to stop at. */
export function describeTarget({ resolved }: EvidenceRecord['target']): string {
  const { time, lsn, xid, name, immediate, latest, backup } = resolved;
  const parts = [
    time === undefined ? [] : [`time ${time}`],
    lsn === undefined ? [] : [`LSN ${lsn}`],
    xid === undefined ? [] : [`transaction ${xid}`],
    name === undefined ? [] : [`restore point "${name}"`],
    immediate ? ['the end of the base backup'] : [],
    latest ? ['all that is archived'] : [],
    backup === undefined ? [] : [`base backup ${backup}`],
  ].flat();
  return parts.join(', ') || 'nothing';
}

/** `drill "weekly" of shop/orders` */
export function describeSubject({ what, name, database }: EvidenceRecord): string {
  return `${what} "${name}" of ${database.namespace}/${database.name}`;
}
