// WAL that waits longer than may be lost. Room: policy (pure).
import { parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const rpoUnreachable: Rule<PolicyFacts> = {
  id: 'rpo-unreachable',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A committed change waits no longer to be archived than objectives.rpo allows to lose.',
  remedy: 'Shorten archive.timeout, or promise less.',
  check: ({ spec: { archive, objectives } }) => {
    const rpo = objectives?.rpo;
    if (rpo === undefined || parseDurationSeconds(archive.timeout) <= parseDurationSeconds(rpo)) return [];
    return [
      {
        field: 'spec.archive.timeout',
        seen: `${archive.timeout}, and spec.objectives.rpo is ${rpo}`,
        remedy: `Set it to ${rpo} or less: a change may be lost for as long as it waits to be archived.`,
      },
    ];
  },
};
