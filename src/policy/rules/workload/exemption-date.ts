// The last day of an exemption is a date. Room: policy (pure).
import { findFailedExemption } from '../../failed-exemption.ts';
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const exemptionDate: Rule<WorkloadFacts> = {
  id: 'exemption-date',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The last day of an exemption is a date.',
  remedy: 'Write walguard.dev/exempt-until as YYYY-MM-DD; it is the last day on which the exemption holds, in UTC.',
  check: (facts) => findFailedExemption(facts, 'exemption-date'),
};
