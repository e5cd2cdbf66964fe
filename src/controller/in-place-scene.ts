// What a Restore in place is about, and why one is not possible. No I/O. Room: controller (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { PutBackReport, RestoreReport } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import { type Instance, type Subject, toInstance } from '../companion/instance.ts';
import { inPlaceJobName, type Maker, type Task } from '../companion/restore-in-place.ts';
import { nameIncarnation } from '../lib/cluster-identity.ts';
import { endOf, findRestoreJob } from './restore-job.ts';
import { resolveSubject } from './subject.ts';
import { find, isUnfinished, namespaceOf, type World } from './world.ts';

export interface Scene {
  readonly restore: Restore;
  readonly world: World;
  readonly source: StatefulSet;
  readonly subject: Subject;
  /** The one pod, whether it is there or not. */
  readonly instance: Instance;
  /** Which restore made what is in the data directory, or is to: of an undo the one that is undone. */
  readonly maker: Maker;
  readonly incarnation: string;
}

/** The scene; or, in words, why there is none. */
export function sceneOf(restore: Restore, world: World): Scene | string {
  const { database } = restore.spec.source;
  const source = find(world.statefulSets, namespaceOf(restore), database);
  if (!source) return `StatefulSet "${database}" does not exist in this namespace`;
  const subject = resolveSubject(source, world);
  if (typeof subject === 'string') return `StatefulSet "${database}": ${subject}`;
  const { start = 0 } = (source.spec.ordinals ?? {}) as { start?: number };
  const { undo } = restore.spec.destination.inPlace ?? {};
  const former = undo === undefined ? restore : find(world.restores, namespaceOf(restore), undo);
  const maker = restore.status?.inPlace?.undoes ?? makerOf(former ?? restore, world.now);
  return {
    restore,
    world,
    source,
    subject,
    instance: toInstance(subject, start),
    maker,
    incarnation: maker.incarnation,
  };
}

/** What the restore makes is told by when it began. */
function makerOf({ metadata, status }: Restore, now: string): Maker {
  const incarnation = nameIncarnation(status?.startedAt ?? now);
  return { name: metadata.name ?? '', uid: metadata.uid ?? '', incarnation };
}

const INSTEAD = 'Restore into a new StatefulSet instead';

/**
 * The first that is so: it is not confirmed; another one is under way; not one replica; another pod is meant; a flavour with a
 * start-up of its own; no room beside the data directory.
 *
 * @returns why it is not possible, and what to do; undefined where it is
 */
export function findObstacle({ restore, world, source, subject, instance }: Scene): string | undefined {
  const { database, instance: named } = restore.spec.source;
  const { inPlace } = restore.spec.destination;
  if (inPlace?.confirm !== database)
    return `spec.destination.inPlace.confirm is "${inPlace?.confirm}"; it must be the name of the StatefulSet whose data are replaced, "${database}"`;
  const other = world.restores.find((each) => isOnIts(each, restore) && isUnfinished(each) && goesFirst(each, restore));
  if (other) return `Restore "${other.metadata.name}" replaces the data of "${database}" already; wait for its end`;
  const loading = world.restores.find((each) => isUnfinished(each) && loadsInto(each, restore));
  if (loading)
    return `Restore "${loading.metadata.name}" loads a dump into a server of "${database}"; wait for its end`;
  const replicas = source.spec.replicas ?? 1;
  // What could not be put back is left at 0.
  if (replicas !== 1 && !(inPlace.undo !== undefined && replicas === 0))
    return `"${database}" has ${replicas} replicas, and a restore in place is for one: its standbys would be another history. Scale it to 1, or ${INSTEAD.toLowerCase()}`;
  if (named !== undefined && named !== instance.pod) return `"${database}" has no pod "${named}" now. ${INSTEAD}`;
  const { flavour, pgdata, dataMount } = subject.server;
  if (flavour.recovery !== 'by-image')
    return `a ${flavour.id} database has a start-up of its own, which does not let Postgres recover in place. ${INSTEAD}`;
  if (dataMount.mountPath.replace(/\/+$/, '') === pgdata)
    return `PGDATA ${pgdata} is the root of its volume, so the old data cannot be kept beside it. Set PGDATA to a directory below, or ${INSTEAD.toLowerCase()}`;
  return undefined;
}

/** Of two that look at the same time the older one; whichever is at work, before any that looks. */
function goesFirst(other: Restore, restore: Restore): boolean {
  const isAtWork = ({ status }: Restore) => (status?.inPlace?.step ?? 'Looking') !== 'Looking';
  if (isAtWork(other) || isAtWork(restore)) return isAtWork(other);
  const ageOf = ({ metadata }: Restore) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return ageOf(other) < ageOf(restore);
}

function isOnIts(other: Restore, { metadata, spec }: Restore): boolean {
  return (
    other.metadata.namespace === metadata.namespace &&
    other.metadata.uid !== metadata.uid &&
    other.spec.destination.inPlace !== undefined &&
    other.spec.source.database === spec.source.database
  );
}

function loadsInto(other: Restore, { metadata, spec }: Restore): boolean {
  const isThere =
    other.metadata.namespace === metadata.namespace && other.spec.source.database === spec.source.database;
  return isThere && other.spec.destination.database !== undefined && other.status?.phase !== undefined;
}

export interface Former {
  readonly maker: Maker;
  /** Before it. */
  readonly replicas: number;
}

/**
 * The one to undo; or, in words, why there is nothing to undo. One that has failed may have left something to put back: the data, or
 * the store's word that nobody archives there.
 */
export function findFormer({ restore, world, maker }: Scene): Former | string {
  const { undo = '' } = restore.spec.destination.inPlace ?? {};
  const former = find(world.restores, namespaceOf(restore), undo);
  if (!former) return `there is no Restore "${undo}" in this namespace; kubectl get restores lists them`;
  const { phase, inPlace } = former.status ?? {};
  const mayBeUndone =
    phase === 'Completed' ? inPlace?.aside !== undefined : phase === 'Failed' && inPlace !== undefined;
  if (!inPlace || !isOnIts(former, restore) || !mayBeUndone || inPlace.step === 'Looking')
    return `Restore "${undo}" has not replaced the data of "${restore.spec.source.database}", so there is nothing to undo`;
  return { maker, replicas: inPlace.replicas };
}

export interface JobState {
  readonly kind: 'none' | 'runs' | 'succeeded' | 'failed';
  readonly report: RestoreReport | PutBackReport | undefined;
  /** In words, where it failed or left no report. */
  readonly why: string;
}

export function jobOf({ restore, world }: Scene, task: Task): JobState {
  const found = findRestoreJob(restore, world, inPlaceJobName(restore.metadata.name ?? '', task));
  if (!found.job) return { kind: 'none', report: undefined, why: '' };
  const { report, hasFailed, why } = endOf<RestoreReport | PutBackReport>(found, 'the restore job left no report');
  if (hasFailed) return { kind: 'failed', report, why };
  return { kind: found.job.status?.succeeded ? 'succeeded' : 'runs', report, why };
}
