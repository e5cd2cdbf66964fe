// The rules over a change of a BackupPolicy that databases name, sorted by id. Room: policy (pure).
import type { PolicyUseFacts } from '../policy-use-facts.ts';
import type { Rule } from '../rule.ts';
import { policyInUse } from './policy-use/policy-in-use.ts';
import { storageMoved } from './policy-use/storage-moved.ts';

export const POLICY_USE_RULES: readonly Rule<PolicyUseFacts>[] = [policyInUse, storageMoved];
