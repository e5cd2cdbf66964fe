// How far back the lines of spec.retention reach. Room: policy (pure).
import type { CompletePolicySpec } from '../api/backup-policy.ts';
import { parseDurationSeconds } from '../lib/duration.ts';
import { runsOf } from './runs.ts';

export interface Reach {
  readonly line: 'keepFull' | 'keepDaily' | 'keepWeekly' | 'keepMonthly';
  readonly count: number;
  /** At best. */
  readonly seconds: number;
}

const DAY = 86_400;

/** Of the lines that count backups; recoveryWindow is a time itself. */
export function listReaches(spec: CompletePolicySpec): readonly Reach[] {
  const gap = runsOf(spec, 'baseBackup')[0]?.gaps?.longest;
  const steps = { keepFull: gap, keepDaily: DAY, keepWeekly: 7 * DAY, keepMonthly: 31 * DAY } as const;
  return (Object.keys(steps) as Reach['line'][]).flatMap((line) => {
    const [count, step] = [spec.retention?.[line], steps[line]];
    return count === undefined || step === undefined ? [] : [{ line, count, seconds: count * step }];
  });
}

/** How far back any moment can be restored, and the line that says so; undefined where nothing says it: then all is kept. */
export function findWindow(spec: CompletePolicySpec): { readonly field: string; readonly seconds: number } | undefined {
  const window = spec.retention?.recoveryWindow;
  const full = listReaches(spec).find(({ line }) => line === 'keepFull');
  const windows = [
    ...(window === undefined
      ? []
      : [{ field: 'spec.retention.recoveryWindow', seconds: parseDurationSeconds(window) }]),
    ...(full === undefined ? [] : [{ field: 'spec.retention.keepFull', seconds: full.seconds }]),
  ];
  return windows.toSorted((a, b) => b.seconds - a.seconds)[0];
}
