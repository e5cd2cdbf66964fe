// Nothing is known of the source's backups: unknown is not healthy, but a lost cluster must stay restorable.
// Room: policy (pure).
import { findSource, findWindow, findWindows, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';
import { restoreInstanceUnknown } from './restore-instance-unknown.ts';

export const restoreUnverified: Rule<RestoreFacts> = {
  id: 'restore-unverified',
  since: '0.1.0',
  severity: 'warn',
  describe: 'It is known from when to when the source of a Restore can be restored.',
  remedy: 'Look at the status of the Restore: it says whether a base backup was found.',
  check: (facts) => {
    const { database, storagePrefix, dump } = facts.spec.source;
    if (storagePrefix !== undefined || dump !== undefined) return [];
    const isUnknownSource = facts.databases.length > 0 && !findSource(facts);
    if (isUnknownSource || restoreInstanceUnknown.check(facts).length > 0) return [];
    if (findWindow(facts) || findWindows(facts).length > 1) return [];
    const seen = `"${database}", of which no base backup is known, so the target could not be checked`;
    return [{ field: 'spec.source.database', seen, remedy: 'The status of the Restore will say what was found.' }];
  },
};
