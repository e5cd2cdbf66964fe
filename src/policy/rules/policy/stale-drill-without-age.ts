// Changes are refused for want of a fresh drill, and nothing says what is fresh. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const staleDrillWithoutAge: Rule<PolicyFacts> = {
  id: 'stale-drill-without-age',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Where objectives.onStaleDrill refuses, objectives.drillAge says when a drill is too old.',
  remedy: 'Promise an age of the last good drill, or let changes in.',
  check: ({ spec: { objectives } }) => {
    if (objectives?.onStaleDrill !== 'refuse' || objectives.drillAge !== undefined) return [];
    const seen = 'refuse, and nothing says when a drill is too old';
    return [{ field: 'spec.objectives.onStaleDrill', seen, remedy: 'Add drillAge, such as drillAge: 8d.' }];
  },
};
