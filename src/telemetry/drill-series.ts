// The gauges of drills: one for each drill of each cluster, labelled with the pod that ran it last. Room: telemetry.
import type { DrillResult } from '../api/protected-database/drill.ts';
import type { ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { listMembers, newest } from '../lib/cluster-members.ts';

interface DrillSeries {
  readonly name: string;
  readonly help: string;
  readonly read: (drill: DrillResult) => number | undefined;
}

type Labels = Readonly<Record<string, string>>;
type LabelledDrill = readonly [Labels, DrillResult];

export const DRILL = ['instance', 'drill'] as const;

const RESULTS = ['passed', 'failed', 'unknown'] as const;

export const OF_DRILL: readonly DrillSeries[] = [
  {
    name: 'last_drill_timestamp',
    help: 'When a drill came to its end last, whatever came of it.',
    read: ({ finishedAt }) => Date.parse(finishedAt) / 1000,
  },
  {
    name: 'drill_restore_seconds',
    help: 'How long the last drill took to restore, until the copy took writes.',
    read: ({ rtoSeconds }) => rtoSeconds,
  },
  {
    name: 'drill_achieved_rpo_seconds',
    help: 'How old the newest transaction was that the last drill brought back.',
    read: ({ achievedRpoSeconds }) => achievedRpoSeconds,
  },
];

/** By the pod that ran it last: what a primary of former times found does not stand beside what its successor found. */
export function listDrills({ instances = [] }: ProtectedDatabaseStatus): LabelledDrill[] {
  return instances.flatMap((instance) => {
    const others = listMembers(instance, instances).flatMap(({ lastDrills = [] }) => lastDrills);
    const newestOf = (name: string) => newest(others.filter((each) => each.name === name));
    return (instance.lastDrills ?? [])
      .filter((each) => newestOf(each.name) === each)
      .map((each) => [{ instance: instance.pod, drill: each.name }, each] as const);
  });
}

/** One for each result that there may be. */
export function spreadResult([labels, { result }]: LabelledDrill): (readonly [Labels, number])[] {
  return RESULTS.map((each) => [{ ...labels, result: each }, Number(each === result)]);
}

export const DRILL_RESULT = {
  name: 'drill_result',
  help: 'What came of the last run of a drill: 1 for the result that holds, else 0.',
};
