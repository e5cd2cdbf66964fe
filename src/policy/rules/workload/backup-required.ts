// The core rule: no policy, no database. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import { findNameSlips, type NameSlip } from '../../annotation-slips.ts';
import type { Rule } from '../../rule.ts';
import { annotationField, isUnprotected, type WorkloadFacts } from '../../workload-facts.ts';

export const backupRequired: Rule<WorkloadFacts> = {
  id: 'backup-required',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A Postgres database names a backup policy, or says in writing why it needs none.',
  remedy: `Add the annotation ${ANNOTATION.policy} with the name of a BackupPolicy to the metadata of the StatefulSet, or ${ANNOTATION.exempt} with a written reason if its data may be lost.`,
  check: (facts) => {
    if (!isUnprotected(facts)) return [];
    const isThere = facts.workload.metadata.annotations?.[ANNOTATION.policy] !== undefined;
    const seen = `${isThere ? 'empty' : 'absent'} on a Postgres database`;
    return [{ field: annotationField(ANNOTATION.policy), seen, remedy: explain(facts) }];
  },
};

/** Where a database that goes without a policy does name one, in a way that walguard does not read. */
export function findMissedPolicy(facts: WorkloadFacts): NameSlip | undefined {
  if (!isUnprotected(facts)) return undefined;
  return findNameSlips(facts.workload).find(({ meant }) => meant === ANNOTATION.policy);
}

function explain(facts: WorkloadFacts): string {
  const missed = findMissedPolicy(facts);
  if (missed?.kind === 'misplaced') {
    return `It stands in ${missed.field}, where walguard does not look: move it to metadata.annotations of the StatefulSet itself.`;
  }
  if (missed) return `Did you mean it by ${missed.field}? Write it as ${ANNOTATION.policy}.`;
  const names = [...facts.policyNames].sort();
  const [first = 'standard'] = names.includes('standard') ? ['standard'] : names;
  const have = names.length > 0 && names.length <= 8 ? `there are: ${names.join(', ')}` : LIST;
  return `Add the annotation ${ANNOTATION.policy}: ${first} (${have}), or ${ANNOTATION.exempt}: "<written reason>" if its data may be lost.`;
}

const LIST = 'kubectl get backuppolicies lists what there is';
