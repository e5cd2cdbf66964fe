// An update that ends the archiving of a database. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import type { Rule } from '../../rule.ts';
import { annotationField, isLosingProtection, type WorkloadFacts } from '../../workload-facts.ts';

export const protectionRemoved: Rule<WorkloadFacts> = {
  id: 'protection-removed',
  since: '0.1.0',
  severity: 'deny',
  describe: 'An update leaves the archiving of a protected database in place.',
  remedy: `Keep the policy and what it needs; or write into ${ANNOTATION.exempt} why the data of the database may be lost from now on.`,
  check: (facts) => {
    if (!isLosingProtection(facts)) return [];
    const remedy = `Or, if its data may be lost from now on, write why into ${ANNOTATION.exempt} in the place of the policy.`;
    if (facts.policy === undefined) {
      const seen = 'gone, while the stored database is archived';
      return [{ field: annotationField(ANNOTATION.policy), seen, remedy: `Put it back. ${remedy}` }];
    }
    const why = facts.leftAlone === undefined ? '' : ': it no longer looks like Postgres';
    const seen = `changed so that this database would no longer be archived${why}`;
    return [{ field: 'spec.template', seen, remedy: `Change it back, or mend it. ${remedy}` }];
  },
};
