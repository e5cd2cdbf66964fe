// A value of walguard's annotations that is wrong, and does no harm yet. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const annotationValue: Rule<WorkloadFacts> = {
  id: 'annotation-value',
  since: '0.1.0',
  severity: 'warn',
  describe: "The values of walguard's annotations are ones that walguard knows, also where they are not looked at yet.",
  remedy: 'Correct the value before the next rollout; from then on it would stand in the way of archiving.',
  check: ({ slips, obstacles }) =>
    slips
      .filter(({ field }) => !obstacles.some((obstacle) => obstacle.field === field))
      .map(({ field, seen, remedy }) => ({ field, seen, remedy })),
};
