// The pods of a database change, and its last good drill is too old. Room: policy (pure).
import type { Rule } from '../../rule.ts';
import { describeStaleDrill } from '../../stale-drill-text.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const drillStale: Rule<WorkloadFacts> = {
  id: 'drill-stale',
  since: '0.1.0',
  severity: 'warn',
  describe: 'When the pods of a database change, its last good drill is as young as objectives.drillAge says.',
  remedy: 'Run a drill before the change, or mend what makes drills fail.',
  check: (facts) => describeStaleDrill(facts, 'warn'),
};
