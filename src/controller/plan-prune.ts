// Clean-ups of one database: a CronJob for each pod, where the policy gives them a schedule. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { buildPruneCronJob } from '../companion/prune.ts';
import { planDelete } from './action.ts';
import { findLive, planApply } from './apply.ts';
import { type DatabaseView, listCronJobs, type Planner } from './view.ts';

/**
 * | the pod is wanted | retention.schedule | its CronJob exists | CronJob                                          |
 * | yes               | yes                |                    | apply                                            |
 * | yes               | no                 | yes                | delete: base-backup jobs prune now, or nobody    |
 * | no                |                    | yes                | delete: there is nothing to connect to           |
 */
export const planPrunes: Planner = (view) => {
  const wanted = buildWanted(view);
  const needless = listCronJobs(view, 'prune').filter((live) => findLive(wanted, live) === undefined);
  return [...wanted.flatMap((each) => planApply(each, view.world.companions)), ...needless.flatMap(planDelete)];
};

function buildWanted({ subject, instances }: DatabaseView): KubeObject[] {
  const { retention } = subject.settings;
  const { schedule } = retention ?? {};
  if (retention === undefined || schedule === undefined) return [];
  return instances.map((instance) => buildPruneCronJob(subject, instance, { ...retention, schedule }));
}
