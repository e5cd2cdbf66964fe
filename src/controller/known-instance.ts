// What stays known of a database pod that cannot be asked just now, or was scaled away. Room: controller (door).
import type { Instance, Inventory } from '../api/protected-database.ts';

/** What stays known of a pod that was scaled away: where its backups are, and from when to when it can be restored. */
export function retire({ pod, lastSuccessfulBackup, lastDump, ...known }: Instance): Instance {
  const backups = { ...(lastSuccessfulBackup ? { lastSuccessfulBackup } : {}), ...(lastDump ? { lastDump } : {}) };
  const { lastDrills, lastSuccessfulDrill } = known;
  const drills = { ...(lastDrills ? { lastDrills } : {}), ...(lastSuccessfulDrill ? { lastSuccessfulDrill } : {}) };
  return { pod, ...pickCluster(known), ...pickWindow(known), ...backups, ...drills, message: 'scaled away' };
}

/** From when to when it can be restored, as far as that is known. */
export function pickWindow({
  firstRecoverabilityPoint,
  latestRestorableTime,
  inventory,
}: {
  readonly firstRecoverabilityPoint?: string | undefined;
  readonly latestRestorableTime?: string | undefined;
  readonly inventory?: Inventory | undefined;
}): Pick<Instance, 'firstRecoverabilityPoint' | 'latestRestorableTime' | 'inventory'> {
  return {
    ...(firstRecoverabilityPoint ? { firstRecoverabilityPoint } : {}),
    ...(latestRestorableTime ? { latestRestorableTime } : {}),
    ...(inventory ? { inventory } : {}),
  };
}

/** Which Postgres cluster, and where it archives, as far as that is known. */
export function pickCluster({
  clusterId,
  storagePrefix,
}: {
  readonly clusterId?: string | undefined;
  readonly storagePrefix?: string | undefined;
}): Pick<Instance, 'clusterId' | 'storagePrefix'> {
  return { ...(clusterId ? { clusterId } : {}), ...(storagePrefix ? { storagePrefix } : {}) };
}
