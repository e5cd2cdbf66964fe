// What is known of one database pod: its sidecar's answer, and what its jobs reported. No I/O. Room: controller (door).
import type { Instance as ObservedInstance } from '../api/protected-database.ts';
import type { Instance, Subject } from '../companion/instance.ts';
import { latest } from '../lib/recovery-window.ts';
import { readBackups } from './backups.ts';
import { pickCluster, pickWindow } from './known-instance.ts';
import { findDatabase } from './view.ts';
import { find, sidecarKey, type World } from './world.ts';

export function observeInstance({ workload }: Subject, { pod }: Instance, world: World): ObservedInstance {
  const namespace = workload.metadata.namespace ?? '';
  const answer = world.sidecars.get(sidecarKey(namespace, pod)) ?? 'the pod does not exist';
  const known = findDatabase(workload, world)?.status?.instances?.find((each) => each.pod === pod);
  const node = find(world.pods, namespace, pod)?.spec.nodeName;
  const base = { pod, ...(node ? { node } : {}) };
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace);
  if (typeof answer === 'string') {
    const backups = readBackups(pods, pod, known?.systemIdentifier, known ?? {});
    return { ...base, ...pickCluster(known ?? {}), ...pickWindow(known ?? {}), ...backups, message: answer };
  }
  const { inRecovery, archiver, message } = answer;
  // A pod that has just started has not looked at its volume yet.
  const systemIdentifier = answer.systemIdentifier ?? known?.systemIdentifier;
  const storagePrefix = answer.storagePrefix ?? known?.storagePrefix;
  const isKnownCluster = known?.systemIdentifier === systemIdentifier;
  // What was archived stays so; the counters of Postgres can be reset, and start anew with each promotion.
  const archivedAt = latest([isKnownCluster ? known?.latestRestorableTime : undefined, archiver?.lastArchivedTime]);
  return {
    ...base,
    ...pickCluster({ systemIdentifier, storagePrefix }),
    ...(inRecovery === undefined ? {} : { inRecovery }),
    ...(archiver ? { archiver } : {}),
    ...(message ? { message } : {}),
    ...(archivedAt ? { latestRestorableTime: archivedAt } : {}),
    ...readBackups(pods, pod, systemIdentifier, isKnownCluster ? (known ?? {}) : {}),
  };
}
