// A policy that protects databases gets another place for their backups. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import { describeUsers, type PolicyUseFacts } from '../../policy-use-facts.ts';
import type { Rule } from '../../rule.ts';

export const storageMoved: Rule<PolicyUseFacts> = {
  id: 'storage-moved',
  since: '0.1.0',
  severity: 'warn',
  describe: 'The storage of a BackupPolicy stays where it is while databases name it.',
  remedy: 'Make another BackupPolicy with the new place, and name it on one database after the other.',
  check: ({ operation, oldPlace, newPlace, users }) => {
    if (operation !== 'UPDATE' || users.length === 0 || oldPlace === newPlace) return [];
    const [from, to] = [oldPlace ?? 'nothing', newPlace ?? 'nothing'];
    const remedy = `Each goes on in the old place until its own next rollout, and what is stored stays there: restores look in the new place only. Safer: another policy with the new place, named in ${ANNOTATION.policy} on one after the other.`;
    return [{ field: 'spec.storage', seen: `moved from ${from} to ${to} under ${describeUsers(users)}`, remedy }];
  },
};
