// The settings of a policy by its name, from the policies that there are. Room: policy (pure).
import { ANNOTATION } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';
import { parsePolicySpec } from './schema.ts';
import { resolveSettings, type Settings } from './settings.ts';

/** As it was read: nothing is known of its spec. */
export interface UncheckedPolicy {
  readonly metadata: { readonly name?: string };
  readonly spec?: unknown;
}

export const POLICY_FIELD = `metadata.annotations[${ANNOTATION.policy}]`;

/** The settings of a policy, or why they cannot be had: each with the path of the wrong field. */
export function readSettings(name: string, spec: unknown): Settings | readonly Reason[] {
  const parsed = parsePolicySpec(name, spec);
  return 'storage' in parsed ? resolveSettings(name, parsed) : parsed;
}

export function findSettingsAmong(policies: readonly UncheckedPolicy[], name: string): Settings | readonly Reason[] {
  const policy = policies.find(({ metadata }) => metadata.name === name);
  if (policy) return readSettings(name, policy.spec);
  return [policyUnknown(name, policies)];
}

export function policyUnknown(name: string, policies: readonly UncheckedPolicy[]): Reason {
  const names = policies.map(({ metadata }) => metadata.name).sort();
  const have =
    names.length > 0 ? `There are: ${names.join(', ')}.` : 'There is none yet; the chart installs "standard".';
  return { code: 'policy-unknown', field: POLICY_FIELD, seen: `"${name}", which does not exist`, remedy: have };
}
