// The named pod of the source was never seen. Room: policy (pure).
import { didYouMean } from '../../../lib/similar.ts';
import { findSource, type RestoreFacts } from '../../restore-facts.ts';
import type { Rule } from '../../rule.ts';

export const restoreInstanceUnknown: Rule<RestoreFacts> = {
  id: 'restore-instance-unknown',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The instance that a Restore names is, or was, a pod of the source.',
  remedy: 'Name one of those that its ProtectedDatabase lists, or none where all pods are one cluster.',
  check: (facts) => {
    const { instance, storagePrefix } = facts.spec.source;
    const pods = (findSource(facts)?.status?.instances ?? []).map(({ pod }) => pod);
    if (instance === undefined || storagePrefix !== undefined || pods.length === 0 || pods.includes(instance))
      return [];
    const remedy = `There are: ${pods.join(', ')}.${didYouMean(instance, pods)}`;
    return [{ field: 'spec.source.instance', seen: `"${instance}", which does not exist`, remedy }];
  },
};
