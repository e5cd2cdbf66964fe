// A key that the algorithm does not take. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const kmsKey: Rule<PolicyFacts> = {
  id: 'kms-key',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A key of KMS is given with the algorithm aws:kms only.',
  remedy: 'Write algorithm: aws:kms, or remove the key.',
  check: ({ spec: { storage } }) => {
    const encryption = storage.s3?.serverSideEncryption;
    if (encryption?.kmsKeyId === undefined || encryption.algorithm === 'aws:kms') return [];
    return [
      {
        field: 'spec.storage.s3.serverSideEncryption.kmsKeyId',
        seen: `given, and the algorithm is ${encryption.algorithm}`,
        remedy: 'Write algorithm: aws:kms, or remove the key.',
      },
    ];
  },
};
