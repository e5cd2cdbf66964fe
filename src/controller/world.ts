// All that is looked at before it is decided what one database, or one Restore, needs. No I/O. Room: controller (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { Job, KubeObject, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes.ts';
import type { ProtectedDatabase } from '../api/protected-database.ts';
import type { RestoreProgress, SidecarStatus } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import type { Leave } from './drill-leave.ts';

/**
 * What concerns one database, or one Restore with the database that it reads and the one that it makes: of other databases
 * there is nothing in it, so that a look costs the same however many there are.
 */
export interface World {
  /** RFC 3339. */
  readonly now: string;
  /** walguard's own image. */
  readonly image: string;
  /** walguard may make Secrets in the databases' namespaces: storage.copyCredentials of the chart. */
  readonly makesSecrets: boolean;
  readonly policies: readonly BackupPolicy[];
  readonly statefulSets: readonly StatefulSet[];
  readonly databases: readonly ProtectedDatabase[];
  readonly restores: readonly Restore[];
  /** CronJobs and Services that are ours. */
  readonly companions: readonly KubeObject[];
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** Ours; for a Restore that is about to begin all claims of its namespace. */
  readonly claims: readonly (PersistentVolumeClaim & KubeObject)[];
  /** Namespaces beside its own that drills of the database are to run in: may they? One that was not looked at yet is not in it. */
  readonly places: ReadonlyMap<string, Leave>;
  /** By sidecarKey: the sidecar's answer, or why there is none. */
  readonly sidecars: ReadonlyMap<string, SidecarStatus | string>;
  /** Of a Restore whose job runs: what that says of itself, or why it says nothing. */
  readonly progress?: RestoreProgress | string;
}

export function isUnfinished({ status }: Pick<Restore, 'status'>): boolean {
  return status?.phase !== 'Completed' && status?.phase !== 'Failed';
}

export function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? '';
}

export function sidecarKey(namespace: string, pod: string): string {
  return `${namespace}/${pod}`;
}

/** The object of that name in that namespace, of a list of one kind. */
export function find<T extends KubeObject>(objects: readonly T[], namespace: string, name: string): T | undefined {
  return objects.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}
