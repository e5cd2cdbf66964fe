// The settings that a workload asks for by name. Room: webhook (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Reason } from '../lib/reason.ts';
import { POLICY_FIELD, policyUnknown, readSettings } from '../policy/find-settings.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Settings } from '../policy/settings.ts';

const POLICIES = { apiVersion: API_VERSION, kind: 'BackupPolicy' };

/** Undefined where the workload names no policy. */
export async function findSettings(
  kube: Kube,
  workload: StatefulSet,
): Promise<Settings | readonly Reason[] | undefined> {
  const name = policyOf(workload);
  if (!name) return undefined;
  try {
    const policy = await kube.get<BackupPolicy & { [field: string]: unknown }>({ ...POLICIES, metadata: { name } });
    return policy ? readSettings(name, policy.spec) : [policyUnknown(name, await kube.list(POLICIES))];
  } catch (error) {
    return [unreadable(name, error as Error)];
  }
}

function unreadable(name: string, { message }: Error): Reason {
  return {
    code: 'policy-unreadable',
    field: POLICY_FIELD,
    seen: `"${name}", which could not be read (${message})`,
    remedy: 'Apply again in a moment.',
  };
}
