// The dump that a Restore loads is not known. Room: policy (pure).
import { findSource, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreDumpUnknown: Rule<RestoreFacts> = {
  id: 'restore-dump-unknown',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A dump of the source of a Restore is known, where a dump is to be loaded.',
  remedy: 'Look at the status of the Restore: it says whether a dump was found, and which there are.',
  check: (facts) => {
    const { database, storagePrefix, dump } = facts.spec.source;
    const source = findSource(facts);
    if (dump === undefined || storagePrefix !== undefined || !source) return [];
    if (source.status?.instances?.some(({ lastDump }) => lastDump !== undefined)) return [];
    const seen = `"${dump}", and no good dump of "${database}" is known`;
    const remedy =
      'The status of the Restore will say what was found. Without one, restore a base backup: give a target.';
    return [{ field: 'spec.source.dump', seen, remedy }];
  },
};
