// Of pods that have nothing in common, which one is to be restored? Room: policy (pure).
import { findWindows, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreInstanceNeeded: Rule<RestoreFacts> = {
  id: 'restore-instance-needed',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Where the pods of the source are Postgres clusters of their own, the Restore names one of them.',
  remedy: 'Name the pod whose backups are read in spec.source.instance.',
  check: (facts) => {
    const windows = findWindows(facts);
    if (facts.spec.source.instance !== undefined || windows.length < 2) return [];
    const seen = `absent, while the pods of "${facts.spec.source.database}" are ${windows.length} clusters that have nothing in common`;
    const pods = windows.map(({ pods: [pod] }) => pod).join(', ');
    return [{ field: 'spec.source.instance', seen, remedy: `Name one of: ${pods}.` }];
  },
};
