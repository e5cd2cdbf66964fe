// Who may mount the claim that holds the data, as far as the StatefulSet says. Room: companion (pure).
import type { Subject } from './instance.ts';

/** Empty where the claim is not made from the StatefulSet: nothing is known of it. */
export function readAccessModes({ workload, server }: Pick<Subject, 'workload' | 'server'>): readonly string[] {
  const { dataVolume } = server;
  if (dataVolume.kind !== 'claim-template') return [];
  const template = workload.spec.volumeClaimTemplates?.find(({ metadata }) => metadata.name === dataVolume.template);
  return (template?.spec.accessModes as readonly string[] | undefined) ?? [];
}
