// What is known of one database pod: its sidecar's answer, and what its jobs reported. No I/O. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import type { Instance, Subject } from '../companion/instance.ts';
import { settleDropped } from '../lib/dropped-wal.ts';
import { latest } from '../lib/recovery-window.ts';
import { readBackups } from './backups.ts';
import { readDumps } from './dumps.ts';
import { readInventory } from './inventories.ts';
import { pickCluster, pickWindow } from './known-instance.ts';
import { readPrunes } from './prunes.ts';
import { readVerifications } from './verifications.ts';
import { findDatabase } from './view.ts';
import { find, sidecarKey, type World } from './world.ts';

type Reader = (
  pods: readonly Pod[],
  instance: string,
  systemIdentifier: string | undefined,
  known: Partial<ObservedInstance>,
  now: string,
) => Partial<ObservedInstance>;

/** One for each kind of job: what its runs reported. A later one wins. */
const READERS: readonly Reader[] = [readBackups, readInventory, readPrunes, readDumps, readVerifications];

function readJobs(...args: Parameters<Reader>): Partial<ObservedInstance> {
  return Object.assign({}, ...READERS.map((read) => read(...args)));
}

export function observeInstance({ workload }: Subject, { pod }: Instance, world: World): ObservedInstance {
  const namespace = workload.metadata.namespace ?? '';
  const answer = world.sidecars.get(sidecarKey(namespace, pod)) ?? 'the pod does not exist';
  const known = findDatabase(workload, world)?.status?.instances?.find((each) => each.pod === pod);
  const node = find(world.pods, namespace, pod)?.spec.nodeName;
  const base = { pod, ...(node ? { node } : {}) };
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace);
  if (typeof answer === 'string') {
    const jobs = readJobs(pods, pod, known?.systemIdentifier, known ?? {}, world.now);
    return { ...base, ...pickCluster(known ?? {}), ...pickWindow(known ?? {}), ...jobs, message: answer };
  }
  const { inRecovery, message, storage } = answer;
  // A pod that has just started has not looked at its volume yet.
  const systemIdentifier = answer.systemIdentifier ?? known?.systemIdentifier;
  const storagePrefix = answer.storagePrefix ?? known?.storagePrefix;
  const isKnownCluster = known?.systemIdentifier === systemIdentifier;
  const jobs = readJobs(pods, pod, systemIdentifier, isKnownCluster ? (known ?? {}) : {}, world.now);
  const archiver = answer.archiver && settleDropped(answer.archiver, jobs.lastSuccessfulBackup, world.now);
  // What was archived stays so; the counters of Postgres can be reset, and start anew with each promotion. What is archived
  // after a gap is worth nothing yet.
  const archivedNow = archiver?.droppedAt === undefined ? archiver?.lastArchivedTime : undefined;
  const archivedAt = latest([isKnownCluster ? known?.latestRestorableTime : undefined, archivedNow]);
  return {
    ...base,
    ...pickCluster({ systemIdentifier, storagePrefix }),
    ...(inRecovery === undefined ? {} : { inRecovery }),
    ...(archiver ? { archiver } : {}),
    ...(storage ? { storage } : {}),
    ...(message ? { message } : {}),
    ...(archivedAt ? { latestRestorableTime: archivedAt } : {}),
    ...jobs,
  };
}
