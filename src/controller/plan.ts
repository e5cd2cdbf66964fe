// The decision for one protected database: its companions and its status. No I/O. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { listDrillPlaces, placeOfDrill } from '../companion/drill-place.ts';
import { listInstances, type Subject } from '../companion/instance.ts';
import { buildService } from '../companion/service.ts';
import { assess } from '../health/assess.ts';
import type { Terms } from '../health/terms.ts';
import type { Action } from './action.ts';
import { foresee, planApply } from './apply.ts';
import { listNextRuns } from './next-runs.ts';
import { observeInstance, observeRetired } from './observe-instance.ts';
import { planBaseBackups } from './plan-base-backup.ts';
import { planDrills } from './plan-drill.ts';
import { planDumps } from './plan-dump.ts';
import { planPrunes } from './plan-prune.ts';
import { planRebase } from './plan-rebase.ts';
import { planRepository } from './plan-repository.ts';
import { describeUnresolved, planStatus } from './plan-status.ts';
import { planVerifications } from './plan-verify.ts';
import { resolveSubject, withInjectedStorage } from './subject.ts';
import { resolveTerms } from './terms.ts';
import { findDatabase, type Planner } from './view.ts';
import type { World } from './world.ts';

const planServices: Planner = ({ subject, instances, world }) =>
  instances.flatMap((each) => planApply(buildService(subject, each), world.companions));

/** One file each: what a kind of companion needs done. */
const PLANNERS: readonly Planner[] = [
  planServices,
  planRepository,
  planBaseBackups,
  planRebase,
  planVerifications,
  planPrunes,
  planDumps,
  planDrills,
];

export function planDatabase(workload: StatefulSet, world: World): Action[] {
  const previous = findDatabase(workload, world)?.status;
  const resolved = resolveSubject(workload, world);
  if (typeof resolved === 'string')
    return planStatus(workload, world, describeUnresolved(resolved, workload, previous));
  const subject = withInjectedStorage(resolved);
  const instances = listInstances(subject);
  const observed = instances.map((instance) => observeInstance(subject, instance, world));
  const retired = (previous?.instances ?? []).filter(({ pod }) => !instances.some((each) => each.pod === pod));
  const status = assess(
    {
      policy: subject.settings.policy,
      generation: workload.metadata.generation ?? 0,
      instances: observed,
      retired: retired.map((each) => observeRetired(subject, each, world)),
      terms: withLeaves(resolveTerms(subject.settings), subject, world),
    },
    previous?.conditions ?? [],
    world.now,
  );
  const view = { subject, instances, known: status.instances ?? [], retired, world };
  const actions = PLANNERS.flatMap((plan) => plan(view));
  const nextRuns = listNextRuns(foresee(world.companions, actions), workload.metadata, world.now);
  return [
    ...actions,
    ...planStatus(workload, world, {
      ...status,
      ...(nextRuns === undefined ? {} : { nextRuns }),
      ...noteDrills(subject, previous, world),
    }),
  ];
}

/** What keeps drills from being made where the policy wants them. */
function withLeaves(terms: Terms, { workload, settings }: Subject, { places }: World): Terms {
  if (terms.drills === undefined) return terms;
  const missing = new Map(
    (settings.drills ?? []).flatMap((drill) => {
      const leave = places.get(placeOfDrill({ workload }, drill));
      return typeof leave === 'object' ? [[drill.name, leave.missing] as const] : [];
    }),
  );
  const drills = terms.drills.map((each) => {
    const why = missing.get(each.name);
    return why === undefined ? each : { ...each, missing: why };
  });
  return { ...terms, drills };
}

/** So that no drill is missing before the first one of the policy was due, and people find those that run elsewhere. */
function noteDrills(
  { workload, settings }: Subject,
  previous: ProtectedDatabaseStatus | undefined,
  { now }: World,
): Pick<ProtectedDatabaseStatus, 'drillsSince' | 'drillNamespaces'> {
  if (settings.drills === undefined) return {};
  const before = previous?.policy === settings.policy ? previous.drillsSince : undefined;
  const places = listDrillPlaces({ workload }, settings.drills);
  return { drillsSince: before ?? now, ...(places.length === 0 ? {} : { drillNamespaces: places }) };
}
