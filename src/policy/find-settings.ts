// The settings of a policy by its name, from the policies that there are. Room: policy (pure).
import { ANNOTATION } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';
import type { EngineId } from './engines.ts';
import { denialsOf, judgePolicy } from './judge-policy.ts';
import type { Settings } from './settings.ts';

/** As it was read: nothing is known of its spec. */
export interface UncheckedPolicy {
  readonly metadata: { readonly name?: string };
  readonly spec?: unknown;
}

export const POLICY_FIELD = `metadata.annotations[${ANNOTATION.policy}]`;

/** From when on a policy is judged does not matter: no denial depends on it. */
const ANY_TIME = '2026-01-01T00:00:00Z';

/** More than a cluster has in use at one time; each takes some kilobytes. */
const MAX_REMEMBERED = 200;

const remembered = new Map<string, Settings | readonly Reason[]>();

/**
 * The settings of a policy, or why they cannot be had: each with the path of the wrong field. Each admission of a database
 * asks this of the same few policies, so the last answers are kept.
 * @param engine in walguard's image, where that is known
 */
export function readSettings(name: string, spec: unknown, engine?: EngineId): Settings | readonly Reason[] {
  const key = JSON.stringify([name, engine, spec]);
  const known = remembered.get(key);
  if (known) return known;
  const verdict = judgePolicy(name, spec, { now: ANY_TIME, engine });
  const denials = inPolicy(name, denialsOf(verdict));
  const settings = denials.length === 0 && verdict.settings ? verdict.settings : denials;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(key, settings);
  return settings;
}

/** Whoever looks at a database must see that the field is one of its policy. */
export function inPolicy(name: string, reasons: readonly Reason[]): readonly Reason[] {
  return reasons.map((reason) => ({ ...reason, field: `BackupPolicy/${name} ${reason.field}` }));
}

export function findSettingsAmong(
  policies: readonly UncheckedPolicy[],
  name: string,
  engine?: EngineId,
): Settings | readonly Reason[] {
  const policy = policies.find(({ metadata }) => metadata.name === name);
  if (policy) return readSettings(name, policy.spec, engine);
  return [policyUnknown(name, policies)];
}

export function policyUnknown(name: string, policies: readonly UncheckedPolicy[]): Reason {
  const names = policies.map(({ metadata }) => metadata.name).sort();
  const have =
    names.length > 0 ? `There are: ${names.join(', ')}.` : 'There is none yet; the chart installs "standard".';
  return { code: 'policy-unknown', field: POLICY_FIELD, seen: `"${name}", which does not exist`, remedy: have };
}
