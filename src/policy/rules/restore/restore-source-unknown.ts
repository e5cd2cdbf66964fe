// The source of a Restore is none of the databases that are known. Room: policy (pure).
import { didYouMean } from '../../../lib/similar.ts';
import { findSource, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreSourceUnknown: Rule<RestoreFacts> = {
  id: 'restore-source-unknown',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The source of a Restore is, or was, a protected database in the same namespace.',
  remedy: 'Name one of those that kubectl get protecteddatabases lists in that namespace.',
  check: (facts) => {
    const { database, storagePrefix } = facts.spec.source;
    if (storagePrefix !== undefined) return [];
    const names = facts.databases.map(({ metadata }) => metadata.name ?? '').sort();
    // Where none is known the cluster may have been lost, and it must stay possible to restore.
    if (names.length === 0 || findSource(facts)) return [];
    const seen = `"${database}", of which no backup is known in this namespace`;
    return [
      { field: 'spec.source.database', seen, remedy: `There are: ${names.join(', ')}.${didYouMean(database, names)}` },
    ];
  },
};
