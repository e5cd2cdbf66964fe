// The named policy does not exist. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const policyUnknown: Rule<WorkloadFacts> = {
  id: 'policy-unknown',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The policy that a database names exists.',
  remedy: 'Name one of those that kubectl get backuppolicies lists, or create the BackupPolicy first.',
  check: ({ kind, policyReasons }) =>
    kind !== 'database'
      ? []
      : policyReasons
          .filter(({ code }) => code === 'policy-unknown')
          .map(({ field, seen, remedy }) => ({ field, seen, remedy })),
};
