// A policy is named on what walguard leaves alone. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import type { Rule } from '../../rule.ts';
import { annotationField, isLosingProtection, type WorkloadFacts } from '../../workload-facts.ts';

export const policyWithoutEffect: Rule<WorkloadFacts> = {
  id: 'policy-without-effect',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A policy is named on a Postgres database that no operator owns; anything else is left alone.',
  remedy: 'Remove the annotation; or, if it is a Postgres server, say which container it is and how it is started.',
  check: (facts) => {
    const { policy, leftAlone } = facts;
    if (policy === undefined || leftAlone === undefined || isLosingProtection(facts)) return [];
    const { field, seen, remedy } = leftAlone;
    return [
      {
        field: annotationField(ANNOTATION.policy),
        seen: `"${policy}", without effect: ${field} is ${seen}`,
        remedy,
      },
    ];
  },
};
