// The decision for one Restore: the next step and its status. No I/O. Room: controller (door).
import type { Job, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { dumpClaimName, type Subject } from '../companion/instance.ts';
import {
  buildRestoreClaim,
  buildRestoredStatefulSet,
  buildRestoreJob,
  isMadeBy,
  restoreClaimName,
} from '../companion/restore.ts';
import { buildLoadJob } from '../companion/restore-dump.ts';
import { inject } from '../inject/inject.ts';
import { formatReason } from '../lib/reason.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import { nameDestination, targetOf } from '../lib/restore-spec.ts';
import type { Action } from './action.ts';
import { decideInPlace } from './plan-in-place.ts';
import { decideNewDatabase } from './plan-new-database.ts';
import { describeFetch, finishClaim, finishPlan, type JobReport, pickPlanned, watchReplay } from './restore-end.ts';
import { isHolding, planHold } from './restore-hold.ts';
import { endOf, findRestoreJob } from './restore-job.ts';
import { chooseDumps, chooseSource } from './restore-source.ts';
import { watchStart } from './restore-start.ts';
import { fail, notePhase, type Step, writeStatus } from './restore-step.ts';
import { resolveSubject } from './subject.ts';
import { find, isUnfinished, namespaceOf, type World } from './world.ts';

/** What the Restore's objects look like now; undefined where they are not there. */
interface Progress {
  readonly source: StatefulSet | undefined;
  readonly destination: StatefulSet | undefined;
  readonly job: Job | undefined;
  readonly jobPod: Pod | undefined;
}

export function planRestore(restore: Restore, world: World): Action[] {
  if (!isUnfinished(restore)) return planHold(restore, restore.status);
  const { actions, status: next } = chooseDecision(restore)(restore, world);
  const status = { ...next, destination: nameDestination(restore.spec) };
  // First what is about to be done: killed in between, the next controller goes on from there and knows from what.
  const written = writeStatus(restore, notePhase(restore.status, status, world));
  // Let go in the next look: what keeps the evidence is made before.
  return [...written, ...(isHolding(status) ? planHold(restore, status) : []), ...actions];
}

function chooseDecision({ spec: { destination } }: Restore): (restore: Restore, world: World) => Step {
  if (destination.inPlace) return decideInPlace;
  return destination.database ? decideNewDatabase : decide;
}

/**
 * | destination         | claim    | job       | step                                     |
 * | somebody else's     |          |           | Failed: name another                     |
 * | absent              | foreign  | absent    | Failed: name another                     |
 * | absent              | any      | absent    | Fetching: create claim and job           |
 * | absent              | ours     | running   | Fetching                                 |
 * | absent              | ours     | failed    | Failed: the job's own message            |
 * | absent              | ours     | succeeded | Replaying: create the StatefulSet        |
 * | a claim alone       | ours     | succeeded | Completed                                |
 * | any, planOnly       | none     | succeeded | Completed: what it would read            |
 * | ours, no autoStart  |          |           | Completed: it recovers when scaled up    |
 * | ours                |          |           | Replaying, until Postgres is promoted    |
 * | ours, from a dump   |          |           | Starting, until Postgres takes writes    |
 */
function decide(restore: Restore, world: World): Step {
  const progress = look(restore, world);
  if (progress.destination) {
    if (isMadeBy(progress.destination, restore))
      return restore.spec.source.dump === undefined ? watchReplay(restore, world) : watchStart(restore, world);
    return fail(
      restore,
      `StatefulSet "${progress.destination.metadata.name}" exists already; name another destination`,
      world,
    );
  }
  if (!progress.source)
    return fail(restore, `StatefulSet "${restore.spec.source.database}" does not exist in this namespace`, world);
  const subject = resolveSubject(progress.source, world);
  if (typeof subject === 'string')
    return fail(restore, `StatefulSet "${restore.spec.source.database}": ${subject}`, world);
  if (!progress.job) return begin(restore, subject, world);
  return follow(restore, subject, progress, world);
}

function look(restore: Restore, world: World): Progress {
  const namespace = namespaceOf(restore);
  return {
    source: find(world.statefulSets, namespace, restore.spec.source.database),
    destination: find(world.statefulSets, namespace, restore.spec.destination.statefulSet ?? ''),
    ...findRestoreJob(restore, world),
  };
}

function begin(restore: Restore, subject: Subject, world: World): Step {
  const namespace = namespaceOf(restore);
  const claim = find(world.claims, namespace, restoreClaimName(subject, restore));
  if (claim && !isMadeBy(claim, restore)) {
    return fail(
      restore,
      `PersistentVolumeClaim "${claim.metadata.name}" exists already and may hold data; name another destination`,
      world,
    );
  }
  const { instances = [] } = find(world.databases, namespace, restore.spec.source.database)?.status ?? {};
  const source = chooseSource(restore, instances);
  if (typeof source === 'string') return fail(restore, source, world);
  const { storagePrefix, pod } = source;
  const isDump = restore.spec.source.dump !== undefined;
  const from = findSourceClaim(subject, world);
  if (!from) return fail(restore, `the claim of "${pod}" was not found`, world);
  const startedAt = restore.status?.startedAt ?? world.now;
  const dumps = isDump ? chooseDumps(restore, subject.settings, instances, source) : undefined;
  const missing = dumps?.claimOf !== undefined && !find(world.claims, namespace, dumpClaimName(dumps.claimOf));
  if (missing)
    return fail(
      restore,
      `PersistentVolumeClaim "${dumpClaimName(dumps.claimOf)}" with the dumps is not there; name the pod whose dumps are read (spec.source.instance, or --instance)`,
      world,
    );
  const job = dumps
    ? buildLoadJob(subject, restore, dumps)
    : buildRestoreJob(subject, restore, storagePrefix, pod, startedAt);
  const actions: Action[] = [
    ...(claim || restore.spec.planOnly
      ? []
      : [{ verb: 'create' as const, object: buildRestoreClaim(subject, restore, from) }]),
    { verb: 'create', object: job },
  ];
  const message = `looking for what to ${isDump ? 'load' : 'fetch'} below ${storagePrefix}`;
  const target = isDump ? `dump ${restore.spec.source.dump}` : describeTarget(targetOf(restore.spec));
  return { actions, status: { phase: 'Fetching', message, target, storagePrefix, startedAt } };
}

function findSourceClaim({ workload, server }: Subject, { claims }: World): PersistentVolumeClaim | undefined {
  const { dataVolume } = server;
  if (dataVolume.kind === 'claim-template') {
    return workload.spec.volumeClaimTemplates?.find(({ metadata }) => metadata.name === dataVolume.template);
  }
  return find(claims, namespaceOf(workload), dataVolume.claimName);
}

function follow(restore: Restore, subject: Subject, { job, jobPod, source }: Progress, world: World): Step {
  const { report, hasFailed, why } = endOf<JobReport>({ job, jobPod }, 'the restore job failed');
  if (hasFailed) return fail(restore, why, world);
  const status = { ...restore.status, ...describeFetch(world.progress), phase: 'Fetching' as const };
  if (!job?.status?.succeeded || !source) return { actions: [], status };
  if (restore.spec.planOnly) return finishPlan(restore, report, world);
  if (restore.spec.destination.claim !== undefined) return finishClaim(restore, status, report, world);
  // From here on the sidecar serves the replay, so the injection must not depend on the webhook being up.
  const injection = inject(buildRestoredStatefulSet(source, subject, restore), subject.settings, world.image);
  if (injection.kind === 'left-alone') return fail(restore, formatReason(injection.reason), world);
  if (injection.kind === 'refused') return fail(restore, injection.refusals.map(formatReason).join(' '), world);
  return {
    actions: [{ verb: 'create', object: injection.workload }],
    status: {
      ...status,
      phase: restore.spec.source.dump === undefined ? 'Replaying' : 'Starting',
      message: `creating StatefulSet "${restore.spec.destination.statefulSet}"`,
      fetchedAt: restore.status?.fetchedAt ?? world.now,
      ...(report?.ok ? pickPlanned(report) : {}),
    },
  };
}
