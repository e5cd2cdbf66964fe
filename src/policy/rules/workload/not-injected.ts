// A policy is named, and yet nothing would be archived. Room: policy (pure).
import { ANNOTATION } from '../../../api/names.ts';
import type { Finding, Rule } from '../../rule.ts';
import { annotationField, type WorkloadFacts } from '../../workload-facts.ts';

export const notInjected: Rule<WorkloadFacts> = {
  id: 'not-injected',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A database that names a policy has archiving in its pod template.',
  remedy: 'Change the field that the message names, so that walguard can add archiving without breaking the database.',
  check: (facts) => {
    const { kind, policy, isInjected, obstacles, settings } = facts;
    if (kind !== 'database' || policy === undefined || isInjected) return [];
    if (obstacles.length > 0) return obstacles.map(toFinding);
    return settings === undefined ? [] : [notRun(policy)];
  },
};

/** The code of the obstacle stays: it is what walguard check says, and what the catalogue explains. */
function toFinding({ code, field, seen, remedy }: WorkloadFacts['obstacles'][number]): Finding {
  return { field, seen: `${seen} (${code})`, remedy };
}

function notRun(policy: string): Finding {
  return {
    field: annotationField(ANNOTATION.policy),
    seen: `"${policy}", but the mutating webhook did not run`,
    remedy: 'Apply it again; if that does not help, see whether the walguard webhook pods are ready.',
  };
}
