// What restoreOrReset means, said before it happens. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const recoveryMayReset: Rule<PolicyFacts> = {
  id: 'recovery-may-reset',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A recovery puts no empty database in the place of one with data.',
  remedy: 'Write recovery.mode restore, unless the applications can fill an empty database again.',
  check: ({ spec: { recovery } }) => {
    if (recovery.mode !== 'restoreOrReset') return [];
    return [
      {
        field: 'spec.recovery.mode',
        seen: 'restoreOrReset: where no good backup is found, an empty database takes over',
        remedy: 'Write restore, unless the applications can fill an empty database again.',
      },
    ];
  },
};
