// Verifications of one database: its CronJobs. No I/O. Room: controller (door).
import { type Instance, ordinalOf, toInstance } from '../companion/instance.ts';
import { buildVerifyCronJob } from '../companion/verify.ts';
import { type Action, planDelete } from './action.ts';
import { findLive, planApply } from './apply.ts';
import type { DatabaseView, Planner } from './view.ts';

/** The schedule is of no matter where the object is only looked for. */
const NEVER = { schedule: '0 0 1 1 *', timeZone: 'Etc/UTC' };

/**
 * | the policy verifies | the pod     | its CronJob               |
 * | yes                 | there       | applied                   |
 * | yes                 | scaled away | suspended, if it is there |
 * | no                  |             | deleted, if it is there   |
 */
export const planVerifications: Planner = (view) => {
  const gone = view.retired.map(({ pod }) => toInstance(view.subject, ordinalOf(pod)));
  return [
    ...view.instances.flatMap((instance) => planOne(view, instance, false)),
    ...gone.flatMap((instance) => planOne(view, instance, true)),
  ];
};

function planOne({ subject, world }: DatabaseView, instance: Instance, isGone: boolean): Action[] {
  const { verify } = subject.settings;
  const cronJob = buildVerifyCronJob(subject, instance, verify ?? NEVER, isGone);
  const live = findLive(world.companions, cronJob);
  if (!verify) return planDelete(live);
  return isGone && !live ? [] : planApply(cronJob, world.companions);
}
