// The age of the last good drill is promised, and the drills come too rarely for it. Room: policy (pure).
import { longestGapAmong } from '../../../lib/cron-gaps.ts';
import { formatDurationSeconds, parseDurationSeconds, toDuration } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { explainLeftOut, runsOf } from '../../runs.ts';

export const drillRarerThanObjective: Rule<PolicyFacts> = {
  id: 'drill-rarer-than-objective',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Drills come at least as often as objectives.drillAge promises.',
  remedy: 'Drill more often, or promise less.',
  check: ({ spec }) => {
    const age = spec.objectives?.drillAge;
    if (age === undefined) return [];
    const drills = runsOf(spec, 'drill');
    const field = 'spec.objectives.drillAge';
    if (drills.length === 0) {
      return [
        { field, seen: `${age}, and there is no drill`, remedy: 'Add one to spec.drills, or remove the objective.' },
      ];
    }
    // What is wrong with a schedule itself is said by another rule.
    if (drills.some(({ timed }) => timed === undefined)) return [];
    const gap = longestGapAmong(drills.flatMap(({ timed }) => timed ?? []));
    if (gap === undefined)
      return [{ field, seen: `${age}, and no drill is ever due`, remedy: 'Correct their schedules.' }];
    if (gap <= parseDurationSeconds(age)) return [];
    return [
      {
        field,
        seen: `${age}, and drills are up to ${formatDurationSeconds(gap)} apart${explainLeftOut(drills)}`,
        remedy: `Schedule one at least every ${age}, or set it to ${toDuration(gap)} or more.`,
      },
    ];
  },
};
