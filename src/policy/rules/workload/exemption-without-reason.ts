// An exemption says why the data of the database may be lost. Room: policy (pure).
import { findFailedExemption } from '../../failed-exemption.ts';
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const exemptionWithoutReason: Rule<WorkloadFacts> = {
  id: 'exemption-without-reason',
  since: '0.1.0',
  severity: 'deny',
  describe: 'An exemption says why the data of the database may be lost.',
  remedy: 'Write the reason into walguard.dev/exempt, or name a policy.',
  check: (facts) => findFailedExemption(facts, 'exemption-without-reason'),
};
