// A drill that is ended before the time that a restore may take is up. Room: policy (pure).
import { parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const drillEndsBeforeObjective: Rule<PolicyFacts> = {
  id: 'drill-ends-before-objective',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A drill may take at least as long as objectives.rto allows.',
  remedy: 'Give the drill the time that a restore may take, and some more.',
  check: ({ spec: { objectives, drills = [] } }) => {
    const rto = objectives?.rto;
    if (rto === undefined) return [];
    return drills.flatMap(({ timeout }, index) => {
      if (parseDurationSeconds(timeout) >= parseDurationSeconds(rto)) return [];
      return [
        {
          field: `spec.drills[${index}].timeout`,
          seen: `${timeout}, and spec.objectives.rto allows ${rto}`,
          remedy: `Set it to ${rto} or more: a restore that meets the objective would count as failed.`,
        },
      ];
    });
  },
};
