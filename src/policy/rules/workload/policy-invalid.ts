// The named policy is there, but cannot be carried out. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

/** These are rules of their own. */
const OTHERS: readonly string[] = ['policy-unknown', 'policy-unreadable'];

export const policyInvalid: Rule<WorkloadFacts> = {
  id: 'policy-invalid',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The policy that a database names meets the rules over BackupPolicies.',
  remedy: 'Correct the field of the BackupPolicy that the message names, or name another policy.',
  check: ({ kind, policyReasons }) =>
    kind !== 'database'
      ? []
      : policyReasons
          .filter(({ code }) => !OTHERS.includes(code))
          .map(({ code, field, seen, remedy }) => ({
            field,
            seen: code === 'policy-invalid' ? seen : `${seen} (${code})`,
            remedy,
          })),
};
