// Something is asked of an engine that does not have it. Room: policy (pure).
import { ENGINE_GAPS } from '../../engines.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const engineLacks: Rule<PolicyFacts> = {
  id: 'engine-lacks',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A policy asks of its engine only what that engine can do.',
  remedy: 'Install the image with an engine that can, or do without.',
  check: ({ spec, engine }) => {
    const used = spec.engine === 'auto' ? engine : spec.engine;
    return ENGINE_GAPS.filter(({ lackedBy, isAsked }) => lackedBy === used && isAsked(spec)).map(
      ({ field, lackedBy, hadBy, what, instead }) => ({
        field,
        seen: `asked for, and ${lackedBy} has no ${what}`,
        remedy: `Install walguard's image with ${hadBy} and write engine: ${hadBy}, or remove it: ${instead}`,
      }),
    );
  },
};
