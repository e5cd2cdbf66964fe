// What is known of one database pod: its sidecar's answer, and what its jobs reported. No I/O. Room: controller (door).
import type { KubeObject, Pod } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import { placeOfDrill } from '../companion/drill-place.ts';
import { homeOf, type Instance, type Subject } from '../companion/instance.ts';
import { settleDropped } from '../lib/dropped-wal.ts';
import { latest } from '../lib/recovery-window.ts';
import { readBackups } from './backups.ts';
import { readDrills } from './drills.ts';
import { readDumps } from './dumps.ts';
import { readInventory } from './inventories.ts';
import { pickCluster, pickWindow, retire } from './known-instance.ts';
import { readPrunes } from './prunes.ts';
import { readVerifications } from './verifications.ts';
import { findDatabase } from './view.ts';
import { find, namespaceOf, sidecarKey, type World } from './world.ts';

type Reader = (
  pods: readonly Pod[],
  instance: string,
  clusterId: string | undefined,
  known: Partial<ObservedInstance>,
  now: string,
) => Partial<ObservedInstance>;

/** One for each kind of job: what its runs reported. A later one wins. */
const READERS: readonly Reader[] = [readBackups, readInventory, readPrunes, readDumps, readVerifications];

function readJobs(...args: Parameters<Reader>): Partial<ObservedInstance> {
  return Object.assign({}, ...READERS.map((read) => read(...args)));
}

/** Drills need the store alone, so they go on for a pod that was scaled away. */
export function observeRetired(subject: Subject, known: ObservedInstance, world: World): ObservedInstance {
  const kept = retire(known);
  return { ...kept, ...readOwnDrills(subject, world, known.pod, known.clusterId, kept) };
}

function readOwnDrills(
  { workload, settings }: Subject,
  { pods, jobs, now }: World,
  pod: string,
  clusterId: string | undefined,
  known: Partial<ObservedInstance>,
): Partial<ObservedInstance> {
  const { drills = [] } = settings;
  const places = new Map(drills.map((each) => [each.name, placeOfDrill({ workload }, each)]));
  // Where others than the database's owners may make pods, a label is believed of the drills alone that run there.
  const isHere = (object: KubeObject) =>
    homeOf(object) === workload.metadata.namespace &&
    namespaceOf(object) === places.get(object.metadata.labels?.[LABEL.drill] ?? '');
  const names = [...places.keys()];
  const here = { pods: pods.filter(isHere), jobs: jobs.filter(isHere), now };
  return readDrills(here, names, pod, clusterId, known);
}

export function observeInstance(subject: Subject, { pod }: Instance, world: World): ObservedInstance {
  const { workload } = subject;
  const namespace = workload.metadata.namespace ?? '';
  const answer = world.sidecars.get(sidecarKey(namespace, pod)) ?? 'the pod does not exist';
  const known = findDatabase(workload, world)?.status?.instances?.find((each) => each.pod === pod);
  const node = find(world.pods, namespace, pod)?.spec.nodeName;
  const base = { pod, ...(node ? { node } : {}) };
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace);
  if (typeof answer === 'string') {
    const jobs = readJobs(pods, pod, known?.clusterId, known ?? {}, world.now);
    const drills = readOwnDrills(subject, world, pod, known?.clusterId, known ?? {});
    return { ...base, ...pickCluster(known ?? {}), ...pickWindow(known ?? {}), ...jobs, ...drills, message: answer };
  }
  const { inRecovery, message, storage } = answer;
  // A pod that has just started has not looked at its volume yet.
  const clusterId = answer.clusterId ?? known?.clusterId;
  const storagePrefix = answer.storagePrefix ?? known?.storagePrefix;
  const isKnownCluster = known?.clusterId === clusterId;
  const before = isKnownCluster ? (known ?? {}) : {};
  const jobs = readJobs(pods, pod, clusterId, before, world.now);
  const archiver = answer.archiver && settleDropped(answer.archiver, jobs.lastSuccessfulBackup, world.now);
  // What was archived stays so; the counters of Postgres can be reset, and start anew with each promotion. What is archived
  // after a gap is worth nothing yet.
  const archivedNow = archiver?.droppedAt === undefined ? archiver?.lastArchivedTime : undefined;
  const archivedAt = latest([isKnownCluster ? known?.latestRestorableTime : undefined, archivedNow]);
  return {
    ...base,
    ...pickCluster({ clusterId, storagePrefix }),
    ...(inRecovery === undefined ? {} : { inRecovery }),
    ...(archiver ? { archiver } : {}),
    ...(storage ? { storage } : {}),
    ...(message ? { message } : {}),
    ...(archivedAt ? { latestRestorableTime: archivedAt } : {}),
    ...jobs,
    ...readOwnDrills(subject, world, pod, clusterId, before),
  };
}
