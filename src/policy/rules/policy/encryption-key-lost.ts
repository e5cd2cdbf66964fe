// A key that is lost takes all backups with it: said when it is asked for. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const encryptionKeyLost: Rule<PolicyFacts> = {
  id: 'encryption-key-lost',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Who encrypts knows that a lost key cannot be replaced.',
  remedy: 'Keep a copy of the key outside of the cluster.',
  check: ({ spec: { encryption } }) =>
    encryption === undefined
      ? []
      : [
          {
            field: 'spec.encryption.keySecret',
            seen: `"${encryption.keySecret}", and nothing can be restored without its key`,
            remedy:
              'Keep a copy of the key outside of this cluster. Another key needs another prefix: an archive is written with one.',
          },
        ],
};
