// The end of a Restore: the replay that is watched, or what is left for the user to start. No I/O. Room: controller (door).
import { SIDECAR } from '../api/names.ts';
import type { LoadReport, RestoreProgress, RestoreReport, SidecarStatus } from '../api/reports.ts';
import type { Restore, RestorePlanSummary, RestoreStatus } from '../api/restore.ts';
import { parseTimeline } from '../lib/backup-list.ts';
import { describeDestination } from '../lib/restore-spec.ts';
import { describeDump, describePlan, describeProgress } from '../lib/restore-words.ts';
import { fail, type Step } from './restore-step.ts';
import { find, namespaceOf, sidecarKey, type World } from './world.ts';

export function watchReplay(restore: Restore, world: World): Step {
  if (restore.spec.autoStart === false) return leaveStopped(restore, world);
  const answer =
    world.sidecars.get(sidecarKey(namespaceOf(restore), restoredPod(restore))) ?? 'the pod does not exist yet';
  const status = { ...restore.status, phase: 'Replaying' as const };
  if (typeof answer === 'string') return { actions: [], status: { ...status, message: `replaying WAL; ${answer}` } };
  if (answer.postgres === 'down' || answer.inRecovery !== false) {
    const doing = `replaying WAL${describeStore(answer)}`;
    return { actions: [], status: { ...status, message: describeEnds(restore, world, doing) } };
  }
  if (isPastTarget(restore, answer)) return fail(restore, PAST_TARGET, world);
  return {
    actions: [],
    status: {
      ...status,
      phase: 'Completed',
      message: `StatefulSet "${restore.spec.destination.statefulSet}" is promoted and archives on its own`,
      completedAt: world.now,
      ...(answer.lastReplayedTime ? { lastReplayedTime: answer.lastReplayedTime } : {}),
    },
  };
}

/** Without it Postgres ends, and its pod tries again. */
export function describeStore({ storage }: SidecarStatus): string {
  return storage?.readable === false ? `; the store cannot be read: ${storage.message ?? storage.reason}` : '';
}

/** Whoever scales it up has the rest done by its sidecar. */
function leaveStopped(restore: Restore, { now }: World): Step {
  const { namespace } = restore.metadata;
  const destination = restore.spec.destination.statefulSet;
  const message = `StatefulSet "${destination}" is there with no replicas; it recovers when it is scaled up: kubectl -n ${namespace} scale statefulset ${destination} --replicas=1`;
  return { actions: [], status: { ...restore.status, phase: 'Completed', message, completedAt: now } };
}

/** All that was wanted is to know. */
export function finishPlan(restore: Restore, report: JobReport | undefined, { now }: World): Step {
  const planned = report?.ok ? pickPlanned(report) : {};
  const { plan, dump } = planned;
  const wish = dump
    ? `it would load ${describeDump(dump)}`
    : plan && `it would read ${describePlan(plan)}${tellTime(plan)}`;
  const message = wish ?? 'the restore job left no plan';
  return { actions: [], status: { ...restore.status, ...planned, phase: 'Completed', message, completedAt: now } };
}

function tellTime({ estimatedSeconds }: RestorePlanSummary): string {
  return estimatedSeconds === undefined ? '; how long that takes no drill or restore has measured yet' : '';
}

/** What the job says of itself while it runs. */
export function describeFetch(
  answer: RestoreProgress | string | undefined,
): Pick<RestoreStatus, 'plan' | 'dump' | 'message'> {
  if (typeof answer !== 'object') return {};
  const { plan, dump, bytes, seconds = 0 } = answer;
  const told = (total: number) => (bytes === undefined ? '' : `: ${describeProgress(bytes, total, seconds)}`);
  if (dump) return { dump, message: `loading ${describeDump(dump)}${told(dump.dataBytes)}` };
  return plan ? { plan, message: `fetching ${describePlan(plan)}${told(plan.dataBytes)}` } : {};
}

export function finishClaim(
  restore: Restore,
  status: RestoreStatus,
  report: JobReport | undefined,
  { now }: World,
): Step {
  const planned = report?.ok ? pickPlanned(report) : {};
  const message = `${describeDestination(restore.spec)} holds base backup ${planned.baseBackup}; a database that starts on it recovers to ${planned.target}. Its StatefulSet needs the policy`;
  return {
    actions: [],
    status: { ...status, ...planned, phase: 'Completed', message, fetchedAt: now, completedAt: now },
  };
}

/** Of a job that restores a base backup, or loads a dump. */
export type JobReport = RestoreReport | LoadReport;

export function pickPlanned({ note, ...report }: JobReport & { ok: true }): RestoreStatus {
  const told = note === undefined ? {} : { note };
  if ('dump' in report) return { dump: report.dump, target: `dump ${report.dump.name}`, ...told };
  const { plan, storagePrefix } = report;
  const from = storagePrefix === undefined ? {} : { storagePrefix };
  return { plan, baseBackup: plan.baseBackup, target: plan.target, ...from, ...told };
}

/**
 * A recovery to a target ends on a timeline of its own. Postgres that is killed after it took the target off and before it
 * wrote that timeline starts on the old one, and replays all that is there, past the target.
 */
export function isPastTarget({ status }: Restore, { timeline }: SidecarStatus): boolean {
  const before = parseTimeline(status?.baseBackup ?? '');
  return timeline !== undefined && before !== undefined && timeline <= before;
}

export const PAST_TARGET =
  'Postgres was ended in the middle of its promotion and has replayed past the target; delete the new StatefulSet with its claim, and restore again';

export function restoredPod({ spec }: Restore): string {
  return `${spec.destination.statefulSet}-0`;
}

/** What cannot go on ends Postgres, and Kubernetes starts it again: worth saying, and where to look. @param doing what it is at */
export function describeEnds(restore: Restore, { pods }: World, doing: string): string {
  const namespace = namespaceOf(restore);
  const name = restoredPod(restore);
  const { initContainerStatuses, containerStatuses = [] } = find(pods, namespace, name)?.status ?? {};
  // Some images recover in an init container; the sidecar's own restarts are not Postgres's.
  const statuses = [...((initContainerStatuses ?? []) as typeof containerStatuses), ...containerStatuses];
  const ended = statuses.find((each) => each.restartCount > 0 && each.name !== SIDECAR);
  if (!ended) return doing;
  return `${doing}; Postgres has ended ${ended.restartCount} times, see: kubectl -n ${namespace} logs ${name} -c ${ended.name} --previous`;
}
