// The settings that a workload asks for by name. Room: webhook (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION, API_VERSION } from '../api/names.ts';
import type { Kube } from '../kube/client.ts';
import type { Refusal } from '../lib/refusal.ts';
import { policyOf } from '../policy/policy-of.ts';
import { parsePolicySpec } from '../policy/schema.ts';
import { resolveSettings, type Settings } from '../policy/settings.ts';

const FIELD = `metadata.annotations[${ANNOTATION.policy}]`;

/** Undefined where the workload names no policy. */
export async function findSettings(
  kube: Kube,
  workload: StatefulSet,
): Promise<Settings | readonly Refusal[] | undefined> {
  const name = policyOf(workload);
  if (!name) return undefined;
  try {
    const policy = await kube.get<BackupPolicy & { [field: string]: unknown }>({
      apiVersion: API_VERSION,
      kind: 'BackupPolicy',
      metadata: { name },
    });
    if (!policy) return [await explainUnknown(kube, name)];
    const spec = parsePolicySpec(name, policy.spec);
    return 'storage' in spec ? resolveSettings(name, spec) : spec;
  } catch (error) {
    return [unreadable(name, error as Error)];
  }
}

async function explainUnknown(kube: Kube, name: string): Promise<Refusal> {
  const policies = await kube.list({ apiVersion: API_VERSION, kind: 'BackupPolicy' });
  const names = policies.map(({ metadata }) => metadata.name).sort();
  const have =
    names.length > 0 ? `There are: ${names.join(', ')}.` : 'There is none yet; the chart installs "standard".';
  return { code: 'policy-unknown', field: FIELD, seen: `"${name}", which does not exist`, remedy: have };
}

function unreadable(name: string, { message }: Error): Refusal {
  return {
    code: 'policy-unreadable',
    field: FIELD,
    seen: `"${name}", which could not be read (${message})`,
    remedy: 'Apply again in a moment.',
  };
}
