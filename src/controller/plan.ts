// The decision for one protected database: its companions and its status. No I/O. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import { listInstances, type Subject } from '../companion/instance.ts';
import { buildService } from '../companion/service.ts';
import { assess } from '../health/assess.ts';
import { readInjectedStorage } from '../inject/storage-env.ts';
import type { Action } from './action.ts';
import { planApply } from './apply.ts';
import { retire } from './known-instance.ts';
import { observeInstance } from './observe-instance.ts';
import { planBaseBackups } from './plan-base-backup.ts';
import { describeUnresolved, planStatus } from './plan-status.ts';
import { resolveSubject } from './subject.ts';
import { findDatabase, type Planner } from './view.ts';
import type { World } from './world.ts';

/** How long a closed segment may wait beyond archive_timeout before archiving counts as late. */
const ARCHIVE_SLACK_SECONDS = 120;

const planServices: Planner = ({ subject, instances, world }) =>
  instances.flatMap((each) => planApply(buildService(subject, each), world.companions));

/** One file each: what a kind of companion needs done. */
const PLANNERS: readonly Planner[] = [planServices, planBaseBackups];

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
      retired: retired.map(retire),
      archiveLateSeconds: subject.settings.archive.timeoutSeconds + ARCHIVE_SLACK_SECONDS,
    },
    previous?.conditions ?? [],
    world.now,
  );
  const view = { subject, instances, known: status.instances ?? [], retired, world };
  return [...PLANNERS.flatMap((plan) => plan(view)), ...planStatus(workload, world, status)];
}

/** Base backups go where the WAL goes. */
function withInjectedStorage(subject: Subject): Subject {
  const storage = readInjectedStorage(subject.workload) ?? subject.settings.storage;
  return { ...subject, settings: { ...subject.settings, storage } };
}
