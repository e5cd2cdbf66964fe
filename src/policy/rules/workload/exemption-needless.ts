// An exemption beside a policy. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import type { Rule } from '../../rule.ts';
import { annotationField, type WorkloadFacts } from '../../workload-facts.ts';

export const exemptionNeedless: Rule<WorkloadFacts> = {
  id: 'exemption-needless',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A database that names a policy has no exemption: only one of the two can hold, and it is the policy.',
  remedy: 'Remove walguard.dev/exempt and walguard.dev/exempt-until; or the policy, where the exemption is meant.',
  check: ({ kind, policy, exemption }) => {
    if (kind !== 'database' || policy === undefined || exemption.kind === 'none') return [];
    const seen = `written beside the policy "${policy}", which holds`;
    return [{ field: annotationField(ANNOTATION.exempt), seen, remedy: 'Remove the one that is not meant.' }];
  },
};
