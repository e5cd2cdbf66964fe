// A policy that protects databases is not deleted. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import { describeUsers, type PolicyUseFacts } from '../../policy-use-facts.ts';
import type { Rule } from '../../rule.ts';

export const policyInUse: Rule<PolicyUseFacts> = {
  id: 'policy-in-use',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A BackupPolicy is deleted only when no database names it any more.',
  remedy: 'Name another policy on each of the databases first; without one, no more base backups are made of them.',
  check: ({ operation, name, users }) => {
    if (operation !== 'DELETE' || users.length === 0) return [];
    const remedy = `Name another policy in ${ANNOTATION.policy} on each of them first; without one, no more base backups would be made.`;
    return [{ field: 'metadata.name', seen: `"${name}", which protects ${describeUsers(users)}`, remedy }];
  },
};
