// The pods of a database change, its last good drill is too old, and the policy refuses that. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import { describeStaleDrill } from '../../stale-drill-text.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

/** It holds for databases that are there, or it would hold for none: a new one has had no drill. */
export const drillRequired: Rule<WorkloadFacts> = {
  id: 'drill-required',
  since: '0.1.0',
  severity: 'deny',
  describe:
    'The pods of a database change only while its last good drill is as young as objectives.drillAge says, where the policy has onStaleDrill: refuse.',
  remedy: 'Run a drill, mend what makes drills fail, or let the policy warn instead.',
  check: (facts) => describeStaleDrill(facts, 'refuse'),
};
