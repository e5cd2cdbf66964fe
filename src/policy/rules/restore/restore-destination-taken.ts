// A Restore makes a new StatefulSet; it never writes into one that is there. Room: policy (pure).
import { isGone, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreDestinationTaken: Rule<RestoreFacts> = {
  id: 'restore-destination-taken',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The StatefulSet that a Restore makes does not exist yet.',
  remedy: 'Name another destination; the database that is there stays as it is.',
  check: ({ spec, databases }) => {
    const { statefulSet } = spec.destination;
    if (statefulSet === undefined) return [];
    const taken = databases.find(({ metadata }) => metadata.name === statefulSet);
    if (!taken || isGone(taken)) return [];
    const remedy = 'Name another one; the database that is there stays as it is.';
    return [{ field: 'spec.destination.statefulSet', seen: `"${statefulSet}", which exists already`, remedy }];
  },
};
