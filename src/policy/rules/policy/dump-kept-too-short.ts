// A dump that is removed before the next one is due. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds, toDuration } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { explainLeftOut, runsOf } from '../../runs.ts';

export const dumpKeptTooShort: Rule<PolicyFacts> = {
  id: 'dump-kept-too-short',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A dump is kept at least until the next one is due.',
  remedy: 'Keep dumps longer, or take them more often.',
  check: ({ spec }) => {
    const keep = spec.dump?.keep;
    const runs = runsOf(spec, 'dump');
    const gap = runs[0]?.gaps?.longest;
    if (keep === undefined || gap === undefined || parseDurationSeconds(keep) >= gap) return [];
    return [
      {
        field: 'spec.dump.keep',
        seen: `${keep}, and dumps are up to ${formatDurationSeconds(gap)} apart${explainLeftOut(runs)}`,
        remedy: `Set it to ${toDuration(gap)} or more, or dump more often.`,
      },
    ];
  },
};
