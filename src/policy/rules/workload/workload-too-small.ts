// The policy wants more replicas, or a larger claim. Room: policy (pure).
import { parseQuantity } from '../../../lib/quantity.ts';
import type { Finding, Rule } from '../../rule.ts';
import type { WorkloadFacts } from '../../workload-facts.ts';

export const workloadTooSmall: Rule<WorkloadFacts> = {
  id: 'workload-too-small',
  since: '0.1.0',
  severity: 'warn',
  describe: 'A database has the replicas and the size of claim that its policy wants (spec.workload).',
  remedy: 'Raise the replicas or the size of the claim, or name a policy that wants less.',
  check: (facts) => [...checkReplicas(facts), ...checkClaim(facts)],
};

/** One that is scaled to zero was stopped on purpose. */
function checkReplicas({ workload, settings }: WorkloadFacts): Finding[] {
  const least = settings?.workload?.minReplicas;
  const replicas = workload.spec.replicas ?? 1;
  if (least === undefined || replicas === 0 || replicas >= least) return [];
  const remedy = `The policy "${settings?.policy}" wants at least ${least}.`;
  return [{ field: 'spec.replicas', seen: String(replicas), remedy }];
}

function checkClaim({ settings, claimSize }: WorkloadFacts): Finding[] {
  const least = settings?.workload?.minClaimSize;
  const [wanted, there] = [parseQuantity(least ?? ''), parseQuantity(claimSize ?? '')];
  if (wanted === undefined || there === undefined || there >= wanted) return [];
  const remedy = `The policy "${settings?.policy}" wants at least ${least}.`;
  return [{ field: 'spec.volumeClaimTemplates', seen: `${claimSize} for the data`, remedy }];
}
