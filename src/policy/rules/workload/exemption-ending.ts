// The end of an exemption is said before it comes. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import type { Rule } from '../../rule.ts';
import { annotationField, type WorkloadFacts } from '../../workload-facts.ts';

/** Long enough before for two weekly releases. */
const NOTICE_DAYS = 14;

export const exemptionEnding: Rule<WorkloadFacts> = {
  id: 'exemption-ending',
  since: '0.1.0',
  severity: 'warn',
  describe: `An exemption holds for more than ${NOTICE_DAYS} days yet.`,
  remedy: 'Name a policy before it ends, or move the date in walguard.dev/exempt-until.',
  check: ({ kind, policy, exemption }) => {
    if (kind !== 'database' || policy !== undefined || exemption.kind !== 'holds') return [];
    const { until, daysLeft } = exemption;
    if (daysLeft === undefined || daysLeft > NOTICE_DAYS) return [];
    return [
      {
        field: annotationField(ANNOTATION.exemptUntil),
        seen: `${until}: the exemption ${describeEnd(daysLeft)}`,
        remedy: `Name a policy in ${ANNOTATION.policy} before that, or move the date.`,
      },
    ];
  },
};

function describeEnd(daysLeft: number): string {
  if (daysLeft === 0) return 'ends with this day (UTC)';
  return `ends in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}`;
}
