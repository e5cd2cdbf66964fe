// Objectives that nothing measures. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const objectiveUnproven: Rule<PolicyFacts> = {
  id: 'objective-unproven',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Where objectives.rpo or objectives.rto is promised, there is a drill that measures it.',
  remedy: 'Add a drill.',
  check: ({ spec: { objectives, drills = [] } }) => {
    if (drills.length > 0) return [];
    return (['rpo', 'rto'] as const).flatMap((name) => {
      const value = objectives?.[name];
      const remedy = 'Add a drill to spec.drills: only a rehearsed restore shows whether it holds.';
      return value === undefined
        ? []
        : [{ field: `spec.objectives.${name}`, seen: `${value}, and nothing measures it`, remedy }];
    });
  },
};
