// A database that is replaced while nobody is told. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const recoveryUnannounced: Rule<PolicyFacts> = {
  id: 'recovery-unannounced',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Where walguard recovers a database by itself, somebody is told.',
  remedy: 'Add an entry to notify.',
  check: ({ spec: { recovery, notify = [] } }) => {
    if (recovery.mode === 'off' || notify.length > 0) return [];
    return [
      {
        field: 'spec.recovery.mode',
        seen: `${recovery.mode}, and spec.notify is empty`,
        remedy: 'Name there who is told when a database goes back to its last good backup.',
      },
    ];
  },
};
