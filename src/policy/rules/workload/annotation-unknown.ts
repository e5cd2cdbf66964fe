// An annotation under walguard's prefix that walguard does not know. Room: policy (pure).
import { findNameSlips } from '../../annotation-slips.ts';
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';
import { findMissedPolicy } from './backup-required.ts';

export const annotationUnknown: Rule<WorkloadFacts> = {
  id: 'annotation-unknown',
  since: '0.1.0',
  severity: 'warn',
  describe:
    'Every annotation and label under walguard.dev/ on the StatefulSet and its pod template is one that walguard knows.',
  remedy: 'Correct its name, or remove it; as it is it does nothing.',
  check: (facts) =>
    findNameSlips(facts.workload)
      .filter(({ kind, field }) => kind === 'unknown' && field !== findMissedPolicy(facts)?.field)
      .map(({ field, meant }) => ({
        field,
        seen: 'not known to walguard, so it does nothing',
        remedy: meant === undefined ? 'Correct its name, or remove it.' : `Did you mean "${meant}"?`,
      })),
};
