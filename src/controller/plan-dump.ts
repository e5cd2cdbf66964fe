// Dumps of one database: the CronJob of each primary, and the claim that keeps its dumps. No I/O. Room: controller (door).
import { buildDumpClaim, buildDumpCronJob } from '../companion/dump.ts';
import { type Instance, ordinalOf, toInstance } from '../companion/instance.ts';
import type { DumpSettings } from '../policy/settings.ts';
import { type Action, planDelete } from './action.ts';
import { findLive, planApply, planOnce } from './apply.ts';
import { type DatabaseView, isBeingLoadedInto, isBeingRestored, listCronJobs, type Planner, podOf } from './view.ts';
import { namespaceOf, sidecarKey } from './world.ts';

const COMPANION = 'dump';

export const planDumps: Planner = (view) => {
  const { dump } = view.subject.settings;
  const live = listCronJobs(view, COMPANION);
  // Its claim stays: it holds backups.
  if (dump === undefined) return live.flatMap(planDelete);
  const away = live.filter((each) => !view.instances.some(({ pod }) => pod === podOf(each)));
  return [
    ...view.instances.flatMap((each) => planDump(each, dump, view)),
    ...away.flatMap((each) => planAway(podOf(each), dump, view)),
  ];
};

/** Scaled away: there is nothing to dump. */
function planAway(pod: string, dump: DumpSettings, { subject, world }: DatabaseView): Action[] {
  const instance = toInstance(subject, ordinalOf(pod));
  return planApply(buildDumpCronJob(subject, instance, dump, true), world.companions);
}

/**
 * One dump of a cluster, of its primary. What gets a new database of a dump counts as being restored. A standby has neither a CronJob nor a claim until it has been a primary.
 *
 * | being restored | the pod is      | its CronJob | its claim, where there is one |
 * | no             | a primary       | runs        | made once                     |
 * | no             | a standby       | suspended, if it is there | left alone      |
 * | no             | not known to be | left alone  | left alone                    |
 * | yes            | any             | suspended, if it is there | left alone      |
 */
function planDump(instance: Instance, dump: DumpSettings, view: DatabaseView): Action[] {
  const { subject, world } = view;
  const sidecar = world.sidecars.get(sidecarKey(namespaceOf(subject.workload), instance.pod));
  const inRecovery = typeof sidecar === 'object' ? sidecar.inRecovery : undefined;
  const isRestored = isBeingRestored(subject, world) || isBeingLoadedInto(subject, world);
  if (inRecovery === undefined && !isRestored) return [];
  const suspend = isRestored || inRecovery === true;
  const cronJob = buildDumpCronJob(subject, instance, dump, suspend);
  if (!suspend) return [...planClaim(instance, dump, view), ...planApply(cronJob, world.companions)];
  return findLive(world.companions, cronJob) ? planApply(cronJob, world.companions) : [];
}

/** Made once, and never changed: its size is the user's to raise. */
function planClaim(instance: Instance, { destination }: DumpSettings, { subject, world }: DatabaseView): Action[] {
  if (destination.volume === undefined) return [];
  return planOnce(buildDumpClaim(subject, instance, destination.volume), world.claims);
}
