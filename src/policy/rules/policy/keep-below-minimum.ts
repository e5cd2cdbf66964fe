// Two lines of the retention that contradict each other. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const keepBelowMinimum: Rule<PolicyFacts> = {
  id: 'keep-below-minimum',
  since: '0.1.0',
  severity: 'deny',
  describe: 'retention.keepFull is not below retention.minFullBackups.',
  remedy: 'Make keepFull at least as large as minFullBackups.',
  check: ({ spec: { retention } }) => {
    if (retention?.keepFull === undefined || retention.keepFull >= retention.minFullBackups) return [];
    const { keepFull, minFullBackups } = retention;
    return [
      {
        field: 'spec.retention.keepFull',
        seen: `${keepFull}, and spec.retention.minFullBackups is ${minFullBackups}`,
        remedy: `Set it to ${minFullBackups} or more.`,
      },
    ];
  },
};
