// What the rules over BackupPolicies are told. Room: policy (pure).
import type { CompletePolicySpec } from '../api/backup-policy.ts';
import type { EngineId } from './engines.ts';

export interface PolicyFacts {
  /** With every default filled in, as an API server stores it. */
  readonly spec: CompletePolicySpec;
  /** RFC 3339: from when on the next moments are told. No denial depends on it. */
  readonly now: string;
  /** The engine in the image; undefined where that is not known, as in a checkout. */
  readonly engine: EngineId | undefined;
}
