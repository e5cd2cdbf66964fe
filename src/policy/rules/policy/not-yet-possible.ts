// Sections that cannot be left out in silence: the user's data would lie elsewhere, or open. Room: policy (pure).
import type { CompletePolicySpec } from '../../../api/backup-policy.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';

export const notYetPossible: Rule<PolicyFacts> = {
  id: 'not-yet-possible',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A policy asks of its storage only what this version of walguard can do.',
  remedy: 'Keep the backups in s3, and let the bucket encrypt them.',
  check: ({ spec }) => findImpossible(spec),
};

export function findImpossible({ storage, encryption }: CompletePolicySpec): readonly Finding[] {
  const findings: Finding[] = [];
  if (storage.volume !== undefined) {
    findings.push({
      field: 'spec.storage.volume',
      seen: 'a claim, and this version of walguard keeps backups in S3 only',
      remedy: 'Give spec.storage.s3.',
    });
  }
  if (encryption !== undefined) {
    findings.push({
      field: 'spec.encryption',
      seen: 'asked for, and this version of walguard would write without it',
      remedy: "Remove it, and turn on the bucket's own default encryption.",
    });
  }
  return findings;
}
