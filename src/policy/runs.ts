// Everything that a BackupPolicy runs by a schedule, read once for all rules. Room: policy (pure).
import type { CompletePolicySpec } from '../api/backup-policy.ts';
import { isSchedule, parseSchedule, type ScheduleError } from '../lib/cron.ts';
import { type Gaps, measureGaps } from '../lib/cron-gaps.ts';
import { nextDayLeftOut } from '../lib/cron-meetings.ts';
import { spreadSchedule } from '../lib/cron-spread.ts';
import { nextAfter, type Timed } from '../lib/cron-times.ts';
import { findTimeZoneError } from '../lib/time-zone.ts';

export interface Run {
  readonly id: 'baseBackup' | 'cleanup' | 'verify' | 'drill' | 'dump';
  /** As it is called in a message: "base backups". */
  readonly plural: string;
  /** Of the section, such as spec.drills[0]. */
  readonly path: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly scheduleError?: ScheduleError;
  readonly timeZoneError?: ScheduleError;
  /** Where both are right. */
  readonly timed?: Timed;
  /** Where it is due more than once. */
  readonly gaps?: Gaps;
  readonly isEverDue: boolean;
  /** On some days the clocks are put forward over its only run. */
  readonly isLeftOut: boolean;
}

type Source = Pick<Run, 'id' | 'plural' | 'path' | 'schedule' | 'timeZone'>;

/** From when on does not matter: the years that gaps are measured over are always the same, and so is this. */
const BEGIN = Date.UTC(2025, 0);

const remembered = new WeakMap<CompletePolicySpec, readonly Run[]>();

/** In the order of the reference: the base backup first, which every policy has. */
export function listRuns(spec: CompletePolicySpec): readonly Run[] {
  const known = remembered.get(spec);
  if (known) return known;
  const runs = listSources(spec).map(read);
  remembered.set(spec, runs);
  return runs;
}

export function runsOf(spec: CompletePolicySpec, id: Run['id']): readonly Run[] {
  return listRuns(spec).filter((run) => run.id === id);
}

function listSources({ baseBackup, retention, verify, drills = [], dump }: CompletePolicySpec): Source[] {
  const cleanup = retention?.schedule === undefined ? undefined : { ...retention, schedule: retention.schedule };
  return [
    toSource('baseBackup', 'base backups', 'spec.baseBackup', baseBackup),
    ...(cleanup ? [toSource('cleanup', 'clean-ups', 'spec.retention', cleanup)] : []),
    ...(verify ? [toSource('verify', 'verifications', 'spec.verify', verify)] : []),
    ...drills.map((drill, index) => toSource('drill', 'drills', `spec.drills[${index}]`, drill)),
    ...(dump ? [toSource('dump', 'dumps', 'spec.dump', dump)] : []),
  ];
}

function toSource(
  id: Run['id'],
  plural: string,
  path: string,
  { schedule, timeZone }: Pick<Run, 'schedule' | 'timeZone'>,
): Source {
  return { id, plural, path, schedule, timeZone };
}

function read(source: Source): Run {
  // Of a period that gets its moment from the database's name any one will do: all are as far apart.
  const schedule = parseSchedule(spreadSchedule(source.schedule, ''));
  const timeZoneError = findTimeZoneError(source.timeZone);
  if (!isSchedule(schedule) || timeZoneError) {
    const errors = {
      ...(isSchedule(schedule) ? {} : { scheduleError: schedule }),
      ...(timeZoneError && { timeZoneError }),
    };
    return { ...source, ...errors, isEverDue: false, isLeftOut: false };
  }
  const timed = { schedule, timeZone: source.timeZone };
  const gaps = measureGaps(timed);
  return {
    ...source,
    timed,
    ...(gaps && { gaps }),
    isEverDue: gaps !== undefined || nextAfter(timed, BEGIN) !== undefined,
    isLeftOut: nextDayLeftOut(timed, BEGIN) !== undefined,
  };
}

/** For a gap that nobody sees in the schedule; empty where the clocks have no part in it. */
export function explainLeftOut(runs: readonly Run[]): string {
  const zone = runs.find(({ isLeftOut }) => isLeftOut)?.timeZone;
  return zone === undefined ? '' : ` (once a year the clocks of ${zone} leave one out)`;
}
