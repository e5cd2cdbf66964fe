// All that is to be said of one BackupPolicy, for its admission, the command line and the controller. Room: policy (pure).
import type { Reason } from '../lib/reason.ts';
import type { PolicyFacts } from './policy-facts.ts';
import { evaluate, type Judged } from './rule.ts';
import { POLICY_RULES } from './rules/policy.ts';
import { completePolicySpec, parsePolicySpec } from './schema.ts';
import { resolveSettings, type Settings } from './settings.ts';

export interface PolicyVerdict {
  /**
   * What can be carried out. There even where a rule denies: a policy that was stored before the rule came goes on
   * protecting the databases that it protects. Undefined where the schema is not met.
   */
  readonly settings: Settings | undefined;
  /** Denials first. Fields are paths in the BackupPolicy. */
  readonly judged: readonly Judged[];
}

/** @param name of the BackupPolicy */
export function judgePolicy(name: string, spec: unknown, facts: Omit<PolicyFacts, 'spec'>): PolicyVerdict {
  const parsed = parsePolicySpec(spec);
  if (!('storage' in parsed)) {
    return { settings: undefined, judged: parsed.map((reason) => ({ severity: 'deny', reason })) };
  }
  return {
    settings: resolveSettings(name, parsed),
    judged: evaluate(POLICY_RULES, { ...facts, spec: completePolicySpec(parsed) }),
  };
}

/** The reasons of the denials alone. */
export function denialsOf({ judged }: PolicyVerdict): readonly Reason[] {
  return judged.filter(({ severity }) => severity === 'deny').map(({ reason }) => reason);
}

export function warningsOf({ judged }: PolicyVerdict): readonly Reason[] {
  return judged.filter(({ severity }) => severity === 'warn').map(({ reason }) => reason);
}
