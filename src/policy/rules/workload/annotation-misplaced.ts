// An annotation of walguard's in a place where walguard does not look. Room: policy (pure).
import { LABEL } from '../../../api/names.ts';
import { findNameSlips } from '../../annotation-slips.ts';
import type { Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';
import { findMissedPolicy } from './backup-required.ts';

export const annotationMisplaced: Rule<WorkloadFacts> = {
  id: 'annotation-misplaced',
  since: '0.1.0',
  severity: 'warn',
  describe:
    "walguard's annotations stand in the metadata of the StatefulSet itself: not on the pod template, not as labels.",
  remedy: 'Move it to metadata.annotations of the StatefulSet; the mode is a label of the namespace.',
  check: (facts) =>
    findNameSlips(facts.workload)
      .filter(({ kind, field }) => kind === 'misplaced' && field !== findMissedPolicy(facts)?.field)
      .map(({ field, name }) => ({
        field,
        seen: 'where walguard does not look',
        remedy:
          name === LABEL.mode
            ? 'Write it as a label on the namespace.'
            : 'Move it to metadata.annotations of the StatefulSet itself.',
      })),
};
