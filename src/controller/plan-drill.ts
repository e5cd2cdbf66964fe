// Drills of one database: a CronJob for each drill of its policy, of each cluster's primary. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { EVIDENCE_SECRET } from '../api/names.ts';
import { buildDrillCronJob } from '../companion/drill.ts';
import { placeOfDrill } from '../companion/drill-place.ts';
import type { DrillSource } from '../companion/drill-pod.ts';
import { type Instance, ordinalOf, toInstance } from '../companion/instance.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { type Action, planDelete } from './action.ts';
import { findLive, planApply } from './apply.ts';
import { type DatabaseView, isBeingRestored, listCronJobs, type Planner, podOf } from './view.ts';
import { namespaceOf, sidecarKey, type World } from './world.ts';

const COMPANION = 'drill';

/** What the policy does not have any more goes, of every pod that ever was. */
export const planDrills: Planner = (view) => {
  const { drills = [] } = view.subject.settings;
  const live = listCronJobs(view, COMPANION);
  const away = new Set(live.map(podOf).filter((pod) => !view.instances.some((each) => each.pod === pod)));
  const instances = [...view.instances, ...[...away].map((pod) => toInstance(view.subject, ordinalOf(pod)))];
  const planned = instances.flatMap((instance) => drills.map((drill) => planDrill(instance, drill, view)));
  const kept = planned.flatMap(({ cronJob }) => cronJob ?? []);
  return [
    ...planned.flatMap(({ actions }) => actions),
    ...live.filter((each) => findLive(kept, each) === undefined).flatMap(planDelete),
  ];
};

/**
 * A drill needs the store alone: it goes on while nobody can be asked, and while the database is scaled to zero.
 *
 * | being restored | the pod is                                    | its CronJob               |
 * | yes            | any                                           | suspended, if it is there |
 * | no             | a primary                                     | runs                      |
 * | no             | a standby                                     | suspended, if it is there |
 * | no             | scaled away, another is its cluster's primary | suspended, if it is there |
 * | no             | not known to be either, or scaled away        | as it was, if it is there |
 *
 * Of one that runs in another namespace than its database's the first row that holds; it never runs anywhere else instead:
 *
 * | leave to run there  | where the backups are is known | its CronJob                      |
 * | missing             |                                | goes, and is not made            |
 * | given, or not known | no                             | left alone                       |
 * | not known yet       | yes                            | as above, if it is there already |
 * | given               | yes                            | as above                         |
 */
function planDrill(
  instance: Instance,
  drill: DrillSettings,
  view: DatabaseView,
): { readonly cronJob?: KubeObject; readonly actions: Action[] } {
  const { subject, world } = view;
  const place = placeOfDrill(subject, drill);
  const isElsewhere = place !== namespaceOf(subject.workload);
  const leave = isElsewhere ? world.places.get(place) : 'given';
  if (typeof leave === 'object') return { actions: [] };
  const isPrimary = findRole(instance, view);
  const source = findSource(instance, view);
  const build = (suspend: boolean) => buildDrillCronJob(subject, instance, drill, suspend, source);
  const live = findLive(world.companions, build(false));
  const cronJob = build(isPrimary === undefined ? isSuspended(live) : !isPrimary);
  // From there the database cannot be asked.
  if (isElsewhere && source.storagePrefix === undefined) return { cronJob, actions: [] };
  if (live) return { cronJob, actions: planApply(cronJob, world.companions) };
  if (!isPrimary || leave === undefined) return { cronJob, actions: [] };
  return { cronJob, actions: [...planKey(place, world), ...planApply(cronJob, world.companions)] };
}

/**
 * The key that signs the evidence of the namespace's jobs, with the first CronJob that needs it; one of its own for each namespace,
 * so that no private key leaves one. It is never made a second time for that CronJob: where somebody took it away, records are
 * unsigned, and say so.
 */
function planKey(namespace: string, world: World): Action[] {
  if (!world.makesSecrets) return [];
  const metadata = { name: EVIDENCE_SECRET, namespace };
  return [{ verb: 'mint', object: { apiVersion: 'v1', kind: 'Secret', metadata } }];
}

/** Where its backups are, so that nobody has to answer when the drill begins. */
function findSource({ pod }: Instance, { known }: DatabaseView): DrillSource {
  const { storagePrefix } = known.find((each) => each.pod === pod) ?? {};
  return storagePrefix === undefined ? {} : { storagePrefix };
}

/** Is it the pod whose drills run? Undefined where that is not known. */
function findRole({ pod }: Instance, { subject, instances, known, world }: DatabaseView): boolean | undefined {
  if (isBeingRestored(subject, world)) return false;
  const inRecovery = (name: string) => {
    const sidecar = world.sidecars.get(sidecarKey(namespaceOf(subject.workload), name));
    return typeof sidecar === 'object' ? sidecar.inRecovery : undefined;
  };
  if (instances.some((each) => each.pod === pod)) return invert(inRecovery(pod));
  const clusterOf = (name: string) => known.find((each) => each.pod === name)?.clusterId;
  const others = instances.filter((each) => clusterOf(each.pod) === clusterOf(pod));
  return others.some((each) => inRecovery(each.pod) === false) ? false : undefined;
}

function invert(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function isSuspended(live: KubeObject | undefined): boolean {
  return (live?.spec as { suspend?: boolean } | undefined)?.suspend === true;
}
