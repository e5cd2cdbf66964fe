// The policy names another engine than the image holds. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const engineNotInstalled: Rule<PolicyFacts> = {
  id: 'engine-not-installed',
  since: '0.1.0',
  severity: 'deny',
  describe: "An engine that a policy names is the one in walguard's image.",
  remedy: 'Install the image with that engine, or write engine: auto.',
  check: ({ spec, engine }) => {
    if (engine === undefined || spec.engine === 'auto' || spec.engine === engine) return [];
    return [
      {
        field: 'spec.engine',
        seen: `${spec.engine}, and walguard's image holds ${engine}`,
        remedy: `Install walguard's image with ${spec.engine} (chart value image), or write engine: auto.`,
      },
    ];
  },
};
