// One database pod of a StatefulSet, and the names of what serves it. Room: companion (pure).
import type { KubeObject, OwnerReference, StatefulSet } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { PostgresServer } from '../flavour/detect.ts';
import { shortHash } from '../lib/json.ts';
import { deriveName, deriveServiceName } from '../lib/name.ts';
import type { Settings } from '../policy/settings.ts';

/** All that a companion is built from. */
export interface Subject {
  readonly workload: StatefulSet;
  readonly server: PostgresServer;
  readonly settings: Settings;
  /** walguard's own image. */
  readonly image: string;
}

export interface Instance {
  readonly pod: string;
  readonly ordinal: number;
  /** Name of the claim that holds the data directory. */
  readonly claim: string;
}

/** The database pods that there should be. */
export function listInstances(subject: Pick<Subject, 'workload' | 'server'>): Instance[] {
  return listPods(subject.workload).map((pod) => toInstance(subject, ordinalOf(pod)));
}

/** Their names. */
export function listPods({ metadata, spec }: StatefulSet): string[] {
  const { replicas, ordinals } = spec;
  const start = (ordinals as { start?: number } | undefined)?.start ?? 0;
  return Array.from({ length: replicas ?? 1 }, (_, index) => `${metadata.name}-${start + index}`);
}

export function toInstance({ workload, server }: Pick<Subject, 'workload' | 'server'>, ordinal: number): Instance {
  const pod = `${workload.metadata.name}-${ordinal}`;
  const { dataVolume } = server;
  const claim = dataVolume.kind === 'claim' ? dataVolume.claimName : `${dataVolume.template}-${pod}`;
  return { pod, ordinal, claim };
}

/** Of a pod of a StatefulSet. */
export function ordinalOf(pod: string): number {
  return Number(pod.slice(pod.lastIndexOf('-') + 1));
}

export function serviceName(pod: string): string {
  return deriveServiceName(pod, 'walguard');
}

export function baseBackupName(pod: string): string {
  return deriveName(pod, 'base-backup');
}

/** One for each Postgres cluster ever seen in the pod: a volume that was initialised anew gets its own first backup. */
export function firstBaseBackupName(pod: string, clusterId: string): string {
  return deriveName(pod, `base-backup-${shortHash(clusterId)}`);
}

/** One for each cause: a gap, a run that failed. */
export function extraBaseBackupName(pod: string, cause: string): string {
  return deriveName(pod, `base-backup-x${shortHash(cause)}`);
}

export function pruneName(pod: string): string {
  return deriveName(pod, 'prune');
}

export function dumpName(pod: string): string {
  return deriveName(pod, 'dump');
}

/**
 * @param drill its name in the policy: up to 20 characters
 * @param home of the database, where the drill runs in another namespace: databases of one name may meet there
 */
export function drillName(pod: string, drill: string, home?: string): string {
  return deriveName(home === undefined ? pod : `${pod}-${shortHash(`${home}/${pod}`)}`, `drill-${drill}`);
}

/** Namespace of the database that an object of ours serves: its own, but for drills, which may run elsewhere. */
export function homeOf({ metadata: { labels, namespace = '' } }: KubeObject): string {
  return (labels?.[LABEL.companion] === 'drill' ? labels[LABEL.databaseNamespace] : undefined) ?? namespace;
}

/** Of the claim that keeps a pod's dumps. */
export function dumpClaimName(pod: string): string {
  return deriveName(pod, 'dumps');
}

export function verifyName(pod: string): string {
  return deriveName(pod, 'verify');
}

export function restoreJobName(restore: string): string {
  return deriveName(restore, 'restore');
}

/** By the uid: a later Restore of the same name is another one. */
export function restoreEvidenceName(restore: string, uid: string): string {
  return deriveName(restore, `evidence-${shortHash(uid)}`);
}

export function companionLabels(database: string, companion: string, instance?: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'walguard',
    'app.kubernetes.io/component': companion,
    [LABEL.managedBy]: 'walguard',
    [LABEL.database]: database,
    [LABEL.companion]: companion,
    ...(instance === undefined ? {} : { [LABEL.instance]: instance }),
  };
}

/** Garbage-collected with the StatefulSet. Only for what holds no backups. */
export function ownedBy({ metadata }: StatefulSet): { ownerReferences?: OwnerReference[] } {
  if (!metadata.uid || !metadata.name) return {};
  return { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: metadata.name, uid: metadata.uid }] };
}
