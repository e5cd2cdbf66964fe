// Which policy a workload names. Room: policy (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';

/** Undefined where it names none; an empty annotation names none. */
export function policyOf(workload: StatefulSet | undefined): string | undefined {
  return workload?.metadata.annotations?.[ANNOTATION.policy] || undefined;
}
