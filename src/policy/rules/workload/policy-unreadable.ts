// Whether the named policy exists could not be found out. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const policyUnreadable: Rule<WorkloadFacts> = {
  id: 'policy-unreadable',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The policy that a database names can be read by the webhook.',
  remedy: 'Apply again in a moment; if that does not help, see the log of the walguard webhook pods.',
  check: ({ kind, policyReasons, isCarriedOver }) =>
    kind !== 'database' || isCarriedOver
      ? []
      : policyReasons
          .filter(({ code }) => code === 'policy-unreadable')
          .map(({ field, seen, remedy }) => ({ field, seen, remedy })),
};
