// An exemption ends on its date. Room: policy (pure).
import { findFailedExemption } from '../../failed-exemption.ts';
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const exemptionEnded: Rule<WorkloadFacts> = {
  id: 'exemption-ended',
  since: '0.1.0',
  severity: 'deny',
  describe: 'An exemption ends on its date.',
  remedy:
    'Name a policy, or move the date in walguard.dev/exempt-until. A database that was let in before is warned and goes on.',
  check: (facts) => findFailedExemption(facts, 'exemption-ended'),
};
