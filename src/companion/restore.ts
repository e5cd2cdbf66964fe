// What a Restore makes: a claim of its own, a Job that fills it, a StatefulSet that replays and goes on from it.
// Room: companion (pure).
import type {
  EnvVar,
  KubeObject,
  OwnerReference,
  PersistentVolumeClaim,
  PodSpec,
  StatefulSet,
} from '../api/kubernetes.ts';
import { API_VERSION, GROUP, LABEL, REPOSITORY_ANNOTATION, RESTORED_BY_ANNOTATION } from '../api/names.ts';
import type { Restore } from '../api/restore.ts';
import { strip } from '../inject/strip.ts';
import { nameIncarnation } from '../lib/cluster-identity.ts';
import { destinationName, targetOf } from '../lib/restore-spec.ts';
import { repositoryOf } from '../policy/place.ts';
import { buildAgentPod } from './agent-pod.ts';
import { aloneAnnotations, makeAlone } from './alone.ts';
import { companionLabels, restoreJobName, type Subject, serviceName } from './instance.ts';
import { timeoutEnv } from './job-env.ts';

const COMPANION = 'restore';

/** Ample for a fetch of terabytes; a hung one is ended. */
export const FETCH_TIMEOUT_SECONDS = 24 * 3600;

function labelsOf(restore: Restore): Record<string, string> {
  return {
    ...companionLabels(destinationName(restore.spec), COMPANION),
    [LABEL.restore]: restore.metadata.name ?? '',
  };
}

function markOf({ metadata }: Restore): Record<string, string> {
  return { [RESTORED_BY_ANNOTATION]: metadata.uid ?? '' };
}

/** Did this very Restore make it? */
export function isMadeBy(object: KubeObject, { metadata }: Restore): boolean {
  const mark = object.metadata.annotations?.[RESTORED_BY_ANNOTATION];
  return mark !== undefined && mark === metadata.uid;
}

/** Named as the new StatefulSet's own claim will be, so that it finds it there; or as the user names it. */
export function restoreClaimName({ server }: Subject, restore: Restore): string {
  const { claim, statefulSet } = restore.spec.destination;
  if (claim !== undefined) return claim;
  const { dataVolume } = server;
  return dataVolume.kind === 'claim-template' ? `${dataVolume.template}-${statefulSet}-0` : `${statefulSet}-data`;
}

/** No owner reference: from the first replayed row on these are somebody's data. */
export function buildRestoreClaim(subject: Subject, restore: Restore, source: PersistentVolumeClaim): KubeObject {
  const { volumeName: _bound, dataSource: _from, dataSourceRef: _fromRef, ...spec } = source.spec;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: restoreClaimName(subject, restore),
      namespace: restore.metadata.namespace ?? '',
      labels: labelsOf(restore),
      annotations: markOf(restore),
    },
    spec: structuredClone(spec),
  };
}

/**
 * @param storagePrefix of the very cluster to restore
 * @param sourcePod whose WAL is flushed first, if it still answers
 * @param startedAt when the restore began; RFC 3339
 */
export function buildRestoreJob(
  subject: Subject,
  restore: Restore,
  storagePrefix: string,
  sourcePod: string,
  startedAt: string,
): KubeObject {
  const { workload, server } = subject;
  const name = restore.metadata.name ?? '';
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    ...(restore.spec.planOnly ? {} : { claim: restoreClaimName(subject, restore) }),
    readOnly: false,
    env: [
      // Whoever names a prefix has no source that runs.
      ...(restore.spec.source.storagePrefix === undefined
        ? [{ name: 'WALGUARD_PGHOST', value: serviceName(sourcePod) }]
        : []),
      { name: 'WALGUARD_RESTORE', value: name },
      { name: 'WALGUARD_RESTORE_UID', value: restore.metadata.uid ?? '' },
      { name: 'WALGUARD_INCARNATION', value: nameIncarnation(startedAt) },
      ...destinationEnv(restore),
      ...(restore.spec.planOnly ? [{ name: 'WALGUARD_PLAN_ONLY', value: '1' }] : []),
      { name: 'WALGUARD_SOURCE_PREFIX', value: storagePrefix },
      { name: 'WALGUARD_TARGET', value: JSON.stringify(targetOf(restore.spec)) },
      timeoutEnv(FETCH_TIMEOUT_SECONDS),
    ],
  });
  // A new volume belongs to root; the group lets the database's uid write there, as it would in the database's own pod.
  const fsGroup = workload.spec.template.spec.securityContext?.fsGroup ?? server.identity.gid;
  return wrapRestoreJob(restore, restoreJobName(name), {
    ...pod,
    securityContext: { ...pod.securityContext, fsGroup, fsGroupChangePolicy: 'OnRootMismatch' },
  });
}

export function wrapRestoreJob(restore: Restore, name: string, spec: PodSpec): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: restore.metadata.namespace ?? '',
      labels: labelsOf(restore),
      ...ownedByRestore(restore),
    },
    spec: {
      // A second try would find the first one's files and refuse; the engine retries single downloads itself.
      backoffLimit: 0,
      activeDeadlineSeconds: FETCH_TIMEOUT_SECONDS,
      template: { metadata: { labels: labelsOf(restore) }, spec },
    },
  };
}

/** A claim alone becomes nobody's yet. */
function destinationEnv({ spec }: Restore): EnvVar[] {
  const { statefulSet } = spec.destination;
  return statefulSet === undefined ? [] : [{ name: 'WALGUARD_DESTINATION', value: statefulSet }];
}

/** It goes with its Restore: a later one of the same name must not take this one's end, to another target, for its own. */
function ownedByRestore({ metadata }: Restore): { ownerReferences?: OwnerReference[] } {
  if (!metadata.uid || !metadata.name) return {};
  return { ownerReferences: [{ apiVersion: API_VERSION, kind: 'Restore', name: metadata.name, uid: metadata.uid }] };
}

/**
 * The source's StatefulSet under a new name. Its labels are new too: with the old ones the source's Services would send
 * clients to the restored database, and its selector would claim the pods.
 */
export function buildRestoredStatefulSet(source: StatefulSet, subject: Subject, restore: Restore): StatefulSet {
  const name = destinationName(restore.spec);
  const labels = { 'app.kubernetes.io/name': name, [LABEL.restore]: restore.metadata.name ?? '' };
  const { spec: sourceSpec, metadata, apiVersion, kind } = strip(source);
  // The one pod is number 0, whose name the restored claim bears.
  const { ordinals: _start, ...spec } = sourceSpec;
  const template = structuredClone(spec.template);
  template.metadata = { ...keepAnnotations(template.metadata?.annotations), labels };
  for (const volume of template.spec.volumes ?? []) {
    if (volume.name === subject.server.dataMount.name && volume.persistentVolumeClaim) {
      volume.persistentVolumeClaim = { claimName: restoreClaimName(subject, restore) };
    }
  }
  const isAlone = subject.server.flavour.recovery === 'alone';
  if (isAlone) makeAlone(template.spec, subject.server);
  const own = ownAnnotations(metadata.annotations);
  return {
    apiVersion: apiVersion ?? 'apps/v1',
    kind: kind ?? 'StatefulSet',
    metadata: {
      name,
      namespace: restore.metadata.namespace ?? '',
      labels,
      annotations: {
        ...(isAlone ? aloneAnnotations(subject.server, own) : own),
        ...shareRepository(subject),
        ...markOf(restore),
      },
    },
    spec: {
      ...spec,
      replicas: restore.spec.autoStart === false ? 0 : 1,
      serviceName: name,
      selector: { matchLabels: labels },
      template,
    },
  };
}

/** What it replays lies on its source's volume, and it goes on there, below a prefix of its own. */
function shareRepository({ settings, workload }: Subject): Record<string, string> {
  return 'volume' in settings.storage ? { [REPOSITORY_ANNOTATION]: repositoryOf(workload) } : {};
}

function keepAnnotations(annotations?: Record<string, string>): { annotations?: Record<string, string> } {
  return annotations ? { annotations } : {};
}

/** walguard's alone. Those of kubectl, Helm or Argo CD say who owns the source, and would have them prune the copy. */
function ownAnnotations(annotations: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name.startsWith(`${GROUP}/`)));
}
