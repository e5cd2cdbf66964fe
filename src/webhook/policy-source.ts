// Where the webhook has its policies from: a cluster (policy-store.ts) or a directory (standalone). Room: webhook (door).
import type { Reason } from '../lib/reason.ts';
import type { EngineId } from '../policy/engines.ts';
import { policyUnknown, readSettings, type UncheckedPolicy } from '../policy/find-settings.ts';
import type { Settings } from '../policy/settings.ts';

export interface PolicySource {
  /** The settings of the policy of that name, or why they cannot be had. */
  readonly find: (name: string) => Promise<Settings | readonly Reason[]>;
  /** All that are known, as they were written: for their names, and for rules over several. */
  readonly list: () => readonly UncheckedPolicy[];
}

/** A policy with its settings, which are worked out at the first use and then kept: once for each version of it. */
export interface KnownPolicy {
  readonly policy: UncheckedPolicy;
  readonly settings: () => Settings | readonly Reason[];
}

export function knowPolicy(policy: UncheckedPolicy, engine: EngineId | undefined): KnownPolicy {
  let settings: Settings | readonly Reason[] | undefined;
  return {
    policy,
    settings: () => {
      settings ??= readSettings(policy.metadata.name ?? '', policy.spec, engine);
      return settings;
    },
  };
}

/** Policies that stay as they are until the process ends. */
export function createFixedSource(policies: readonly UncheckedPolicy[], engine: EngineId | undefined): PolicySource {
  const known = new Map(policies.map((policy) => [policy.metadata.name ?? '', knowPolicy(policy, engine)]));
  return {
    find: async (name) => known.get(name)?.settings() ?? [policyUnknown(name, policies)],
    list: () => policies,
  };
}
