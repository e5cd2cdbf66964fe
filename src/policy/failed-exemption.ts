// What is said of an exemption that does not hold. Room: policy (pure).
import type { Finding } from './rule.ts';
import type { WorkloadFacts } from './workload-facts.ts';

/** One for each code of a failed exemption; nothing where a policy is named, because then it does not matter. */
export function findFailedExemption({ kind, policy, exemption }: WorkloadFacts, code: string): Finding[] {
  if (kind !== 'database' || policy !== undefined || exemption.kind !== 'refused') return [];
  const { code: found, field, seen, remedy } = exemption.reason;
  return found === code ? [{ field, seen, remedy }] : [];
}
