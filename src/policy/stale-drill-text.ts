// What is said of a change while no drill is young enough, whether it is refused or let in. Room: policy (pure).
import { LABEL } from '../api/names.ts';
import { formatDurationSeconds } from '../lib/duration.ts';
import type { Finding } from './rule.ts';
import type { ObjectiveSettings } from './settings.ts';
import type { WorkloadFacts } from './workload-facts.ts';

/** @param when what the policy asks for there */
export function describeStaleDrill(
  { staleDrill, settings, workload }: WorkloadFacts,
  when: ObjectiveSettings['onStaleDrill'],
): readonly Finding[] {
  if (!staleDrill || settings?.objectives?.onStaleDrill !== when) return [];
  const { ageSeconds, hasBeenGood, allowedSeconds } = staleDrill;
  const age = formatDurationSeconds(ageSeconds);
  const last = hasBeenGood ? `the last good drill was ${age} ago` : `no drill has been good for ${age}`;
  const seen = `changed, and ${last}; the policy "${settings.policy}" allows ${formatDurationSeconds(allowedSeconds)}`;
  return [{ field: 'spec.template', seen, remedy: explain(workload.metadata) }];
}

function explain({ name = '', namespace }: WorkloadFacts['workload']['metadata']): string {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  const list = `kubectl get cronjobs${where} -l ${LABEL.companion}=drill,${LABEL.database}=${name}`;
  return `Run one first: kubectl create job drill-now${where} --from=cronjob/<one of \`${list}\`>. Or change objectives.onStaleDrill of the policy.`;
}
