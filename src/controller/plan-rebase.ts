// A fresh full base backup where WAL was lost: without one nothing from then on can be restored. No I/O. Room: controller (door).
import { LABEL } from '../api/names.ts';
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import { buildRebaseJob } from '../companion/base-backup.ts';
import type { Instance } from '../companion/instance.ts';
import { listMembers } from '../lib/cluster-members.ts';
import { isBegunAfter } from '../lib/dropped-wal.ts';
import type { Action } from './action.ts';
import { planOnce } from './apply.ts';
import { isRunning } from './plan-base-backup.ts';
import { newestVerified } from './verifications.ts';
import { type DatabaseView, isArchiving, type Planner } from './view.ts';
import { sidecarKey } from './world.ts';

/** WAL is being let go still, or was a moment ago: a backup would need some of what goes. */
const QUIET_MS = 120_000;

/**
 * | primary, and archiving works | a base backup runs | WAL was lost                            | a good backup began since | fresh one       |
 * | no                           |                    |                                         |                           | wait            |
 * | yes                          | yes                |                                         |                           | wait            |
 * | yes                          | no                 | no                                      |                           | none            |
 * | yes                          | no                 | let go, a moment ago or the store fails |                           | wait            |
 * | yes                          | no                 | let go, or as a verification found      | yes                       | none            |
 * | yes                          | no                 | let go, or as a verification found      | no                        | once for each   |
 *
 * A base backup runs for as long as its Job may: see isRunning. A new cluster in the pod, or a new major version, gets its first
 * backup instead: see planExtraBackup.
 */
export const planRebase: Planner = (view) => view.instances.flatMap((instance) => planOne(view, instance));

function planOne(view: DatabaseView, instance: Instance): Action[] {
  const { subject, world, known } = view;
  const namespace = subject.workload.metadata.namespace ?? '';
  const sidecar = world.sidecars.get(sidecarKey(namespace, instance.pod));
  const observed = known.find(({ pod }) => pod === instance.pod);
  if (!observed || !isArchiving(sidecar) || isBackupRunning(view, observed)) return [];
  const cause = findDropped(view, observed, sidecar) ?? findVerified(view, observed);
  if (cause === undefined) return [];
  return planOnce(buildRebaseJob(subject, instance, `${sidecar.clusterId}/${cause}`), world.jobs);
}

function isBackupRunning({ subject, world, known }: DatabaseView, observed: ObservedInstance): boolean {
  const members = listMembers(observed, known).map(({ pod }) => pod);
  return world.jobs.some((job) => {
    const { labels = {} } = job.metadata;
    const isOurs = labels[LABEL.companion] === 'base-backup' && members.includes(labels[LABEL.instance] ?? '');
    return isOurs && isRunning(job, subject, world.now);
  });
}

/** What onStorageFull let go. A backup that began after it takes the mark away: see settleDropped. */
function findDropped(
  { world, known }: DatabaseView,
  observed: ObservedInstance,
  { storage }: SidecarStatus,
): string | undefined {
  const droppedAt = observed.archiver?.droppedAt;
  if (droppedAt === undefined || storage?.writable === false) return undefined;
  if (Date.parse(world.now) - Date.parse(droppedAt) < QUIET_MS) return undefined;
  return isBackedUpSince(observed, known, droppedAt, world.now) ? undefined : droppedAt;
}

function findVerified({ world, known, subject }: DatabaseView, observed: ObservedInstance): string | undefined {
  const { clusterId } = observed;
  const { namespace } = subject.workload.metadata;
  if (clusterId === undefined) return undefined;
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace);
  const members = listMembers(observed, known).map(({ pod }) => pod);
  const report = newestVerified(pods, members, clusterId);
  if (report?.rebaseAfter === undefined) return undefined;
  return isBackedUpSince(observed, known, report.inventory.listedAt, world.now) ? undefined : report.rebaseAfter;
}

/** By any of them: the newest one may be told by a clock that is ahead. */
function isBackedUpSince(
  observed: ObservedInstance,
  known: readonly ObservedInstance[],
  time: string,
  now: string,
): boolean {
  return listMembers(observed, known).some((each) => isBegunAfter(each.lastSuccessfulBackup, time, now));
}
