// The decision for one Restore in place: the next step and its status. The step is in the status before it is taken, so that a
// controller that was killed goes on from there. No I/O. Room: controller (door).
import type { PutBackReport, RestoreReport } from '../api/reports.ts';
import type { InPlaceStatus, InPlaceStep, Restore } from '../api/restore.ts';
import { explainLackOfRoom } from '../lib/aside.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import { targetOf } from '../lib/restore-spec.ts';
import { findFormer, findObstacle, jobOf, type Scene, sceneOf } from './in-place-scene.ts';
import { DELETED, goTo, isDeleted, isStopped, isThere, make, scaled, stay } from './in-place-step.ts';
import { bothOf, describeEnd, leftStopped } from './in-place-words.ts';
import { describeFetch, describeStore, finishPlan, isPastTarget, PAST_TARGET, pickPlanned } from './restore-end.ts';
import { chooseSource } from './restore-source.ts';
import { fail, type Step } from './restore-step.ts';
import { find, namespaceOf, sidecarKey, type World } from './world.ts';

/**
 * | step        | pod, replicas | job                     | next                                                      |
 * | none        |               |                         | Failed where it is not possible; else Looking             |
 * | none, undo  |               |                         | Failed where there is nothing to undo; else Stopping      |
 * | Looking     |               | runs                    | Looking: the database runs                                |
 * | Looking     |               | failed, no room, or no longer possible | Failed: nothing was touched                |
 * | Looking     |               | succeeded               | Stopping; Completed where only the plan was asked for     |
 * | Stopping    | there         |                         | Stopping: scaled to 0                                     |
 * | Stopping    | gone          |                         | TakingPlace; of an undo PuttingBack                       |
 * | TakingPlace | gone          | none, runs              | TakingPlace: its job                                      |
 * | TakingPlace | gone          | succeeded               | Replaying                                                 |
 * | TakingPlace | gone          | failed                  | PuttingBack, because of that                              |
 * | Replaying   | any           |                         | Replaying: scaled up as it was                            |
 * | Replaying   | promoted      |                         | Completed                                                 |
 * | Replaying   | it cannot     |                         | PuttingBack, because of that                              |
 * | PuttingBack | there         |                         | PuttingBack: scaled to 0                                  |
 * | PuttingBack | gone          | none, runs              | PuttingBack: its job                                      |
 * | PuttingBack | gone          | succeeded               | StartingAgain                                             |
 * | PuttingBack | gone          | failed, data are whole  | StartingAgain, and the undo has failed                    |
 * | PuttingBack | gone          | failed, or nobody knows | Failed, and left at 0: a start would make an empty database |
 * | StartingAgain | not scaled  |                         | StartingAgain: scaled up as it was                        |
 * | StartingAgain | scaled      |                         | Failed because of what it was put back for; undo: Completed |
 *
 * Wherever it is to be 0 and somebody has scaled it up meanwhile, it is scaled to 0 again. Deleted while it looks it is Failed; later
 * it is held (restore-hold.ts) until the old data are back: a job that runs is let come to its end, and then it is PuttingBack.
 */
export function decideInPlace(restore: Restore, world: World): Step {
  const scene = sceneOf(restore, world);
  const { inPlace } = restore.status ?? {};
  // In the middle it waits for what is missing to come back: an end would leave the database stopped.
  if (typeof scene === 'string')
    return inPlace && isThere(restore, world)
      ? { actions: [], status: { ...restore.status, message: scene } }
      : fail(restore, scene, world);
  if (isDeleted(restore) && (inPlace?.step ?? 'Looking') === 'Looking')
    return fail(restore, `${DELETED}; nothing was touched`, world);
  return inPlace ? STEPS[inPlace.step](scene, inPlace) : begin(scene);
}

const STEPS: Readonly<Record<InPlaceStep, (scene: Scene, inPlace: InPlaceStatus) => Step>> = {
  Looking: look,
  Stopping: stop,
  TakingPlace: takePlace,
  Replaying: replay,
  PuttingBack: putBack,
  StartingAgain: startAgain,
};

function begin(scene: Scene): Step {
  const { restore, world, source } = scene;
  const obstacle = findObstacle(scene);
  if (obstacle !== undefined) return fail(restore, obstacle, world);
  const startedAt = world.now;
  if (restore.spec.destination.inPlace?.undo !== undefined) {
    const former = findFormer(scene);
    if (typeof former === 'string') return fail(restore, former, world);
    const what = `put back what was there before "${former.maker.name}"`;
    if (restore.spec.planOnly)
      return { actions: [], status: { phase: 'Completed', message: `it would ${what}`, completedAt: world.now } };
    const message = `scaling "${source.metadata.name}" to 0, to ${what}`;
    const undoing = { step: 'Stopping' as const, replicas: former.replicas, undoes: former.maker };
    return scaled(scene, 0, goTo(restore, undoing, 'Stopping', { message, startedAt }));
  }
  const known = find(world.databases, namespaceOf(restore), restore.spec.source.database)?.status?.instances ?? [];
  const from = chooseSource(restore, known);
  if (typeof from === 'string') return fail(restore, from, world);
  const { storagePrefix } = from;
  const message = `looking for what to fetch below ${storagePrefix}; the database runs`;
  const target = describeTarget(targetOf(restore.spec));
  return look(
    { ...scene, restore: { ...restore, status: { phase: 'Fetching', message, target, storagePrefix, startedAt } } },
    { step: 'Looking', replicas: source.spec.replicas ?? 1 },
  );
}

function look(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore, world, instance } = scene;
  const job = jobOf(scene, 'look');
  if (job.kind === 'none') return make(scene, 'look', goTo(restore, inPlace, 'Fetching'));
  if (job.kind === 'runs') return stay(restore);
  const report = job.report as RestoreReport | undefined;
  if (job.kind === 'failed' || !report?.ok) return fail(restore, `${job.why}; nothing was touched`, world);
  if (restore.spec.planOnly) return finishPlan(restore, report, world);
  // It looked for a while: another one may have begun, or somebody has scaled it up.
  const obstacle = findObstacle(scene);
  if (obstacle !== undefined) return fail(restore, obstacle, world);
  const planned = pickPlanned(report);
  const answer = world.sidecars.get(sidecarKey(namespaceOf(restore), instance.pod));
  const freeBytes = typeof answer === 'object' ? answer.archiver?.volumeFreeBytes : undefined;
  const lack = freeBytes === undefined ? undefined : explainLackOfRoom(freeBytes, report.plan.dataBytes);
  if (lack !== undefined) return fail({ ...restore, status: { ...restore.status, ...planned } }, lack, world);
  const message = `scaling "${restore.spec.source.database}" to 0, then fetching base backup ${report.plan.baseBackup}`;
  return scaled(scene, 0, goTo(restore, { ...inPlace, step: 'Stopping' }, 'Stopping', { ...planned, message }));
}

function stop(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore } = scene;
  const isUndo = restore.spec.destination.inPlace?.undo !== undefined;
  const hasBegun = jobOf(scene, isUndo ? 'undo' : 'take-place').kind !== 'none';
  if (!hasBegun && isDeleted(restore)) return startAgain(scene, { ...inPlace, step: 'StartingAgain', why: DELETED });
  if (!hasBegun && !isStopped(scene)) return scaled(scene, 0, restore.status ?? {});
  if (isUndo) return putBack(scene, { ...inPlace, step: 'PuttingBack' });
  return takePlace(scene, { ...inPlace, step: 'TakingPlace' });
}

function takePlace(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore, world } = scene;
  const job = jobOf(scene, 'take-place');
  if (job.kind !== 'succeeded' && !isStopped(scene)) return scaled(scene, 0, restore.status ?? {});
  if (isDeleted(restore) && job.kind !== 'runs') return giveUp(scene, inPlace, DELETED);
  const status = goTo(restore, inPlace, 'Fetching', describeFetch(world.progress));
  if (job.kind === 'none')
    return make(scene, 'take-place', { ...status, message: 'fetching beside the old data, which stay as they are' });
  if (job.kind === 'runs') return { actions: [], status };
  const report = job.report as RestoreReport | undefined;
  if (job.kind === 'failed' || !report?.ok) return giveUp(scene, inPlace, job.why);
  const aside = report.aside ?? '';
  const message = `replaying WAL; the old data are kept in ${aside}`;
  const next = { ...inPlace, step: 'Replaying' as const, aside };
  return scaled(scene, inPlace.replicas, goTo(restore, next, 'Replaying', { message, fetchedAt: world.now }));
}

/** Of a Postgres that ends again and again, and not because the store is away: it will never get there. */
const MAX_ENDS = 6;

function replay(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore, world, instance, incarnation } = scene;
  if (isDeleted(restore)) return giveUp(scene, inPlace, DELETED);
  const namespace = namespaceOf(restore);
  const status = goTo(restore, inPlace, 'Replaying');
  const answer = world.sidecars.get(sidecarKey(namespace, instance.pod)) ?? 'the pod does not exist yet';
  const say = (message: string): Step => scaled(scene, inPlace.replicas, { ...status, message });
  if (typeof answer === 'string') return say(`replaying WAL; ${answer}`);
  // The last word of the pod that was there before may still be around.
  if (answer.clusterId?.endsWith(`-${incarnation}`) !== true) return say('replaying WAL; the pod is about to start');
  if (answer.postgres === 'down' || answer.inRecovery !== false) {
    const { containerStatuses = [] } = find(world.pods, namespace, instance.pod)?.status ?? {};
    const ended = containerStatuses.find(({ restartCount }) => restartCount > 0);
    const doing = `replaying WAL${describeStore(answer)}`;
    if (!ended) return say(doing);
    const words = `Postgres has ended ${ended.restartCount} times, see: kubectl -n ${namespace} logs ${instance.pod} -c ${ended.name} --previous`;
    const isStoreThere = answer.storage?.readable === true;
    return ended.restartCount >= MAX_ENDS && isStoreThere ? giveUp(scene, inPlace, words) : say(`${doing}; ${words}`);
  }
  if (isPastTarget(restore, answer)) return giveUp(scene, inPlace, PAST_TARGET);
  return {
    actions: [],
    status: {
      ...status,
      phase: 'Completed',
      message: describeEnd(restore, inPlace),
      completedAt: world.now,
      ...(answer.lastReplayedTime ? { lastReplayedTime: answer.lastReplayedTime } : {}),
    },
  };
}

function giveUp(scene: Scene, inPlace: InPlaceStatus, why: string): Step {
  return putBack(scene, { ...inPlace, step: 'PuttingBack', why });
}

function putBack(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore, world } = scene;
  const { why } = inPlace;
  const task = restore.spec.destination.inPlace?.undo === undefined ? 'put-back' : 'undo';
  const message = why === undefined ? 'putting the data of before back' : `putting the old data back, because: ${why}`;
  const status = goTo(restore, inPlace, 'PuttingBack', { message });
  const job = jobOf(scene, task);
  if (job.kind !== 'succeeded' && !isStopped(scene)) return scaled(scene, 0, status);
  if (job.kind === 'none') return make(scene, task, status);
  if (job.kind === 'runs') return { actions: [], status };
  const report = job.report as PutBackReport | undefined;
  if (job.kind === 'failed' || !report?.ok) {
    if (report?.ok !== false || report.isWhole !== true)
      return fail({ ...restore, status }, `${message}: ${job.why}. ${leftStopped(scene)}`, world);
    return startAgain(scene, { ...inPlace, step: 'StartingAgain', why: bothOf(why, job.why) });
  }
  const made = report.made === undefined ? {} : { made: report.made };
  return startAgain(scene, { ...inPlace, step: 'StartingAgain', ...made });
}

function startAgain(scene: Scene, inPlace: InPlaceStatus): Step {
  const { restore, world, source } = scene;
  const { replicas, why, made } = inPlace;
  if ((source.spec.replicas ?? 1) !== replicas) {
    const message = 'the old data are in their place again; scaling up';
    return scaled(scene, replicas, goTo(restore, inPlace, 'PuttingBack', { message }));
  }
  const status = goTo(restore, inPlace, 'PuttingBack');
  const kept = made === undefined ? '' : `. What the restore had made is kept in ${made}`;
  if (why !== undefined)
    return fail({ ...restore, status }, `${why}. The database runs on its old data again${kept}`, world);
  const message = `"${restore.spec.source.database}" runs on the data of before${kept}`;
  return { actions: [], status: { ...status, phase: 'Completed', message, completedAt: world.now } };
}
