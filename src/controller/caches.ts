// What the controller keeps in memory of the cluster: each kind as narrow as a selector can make it, without what nobody
// reads. Secrets are in none of them. Room: controller (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { Job, KubeObject, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION, LABEL, SIDECAR } from '../api/names.ts';
import type { ProtectedDatabase } from '../api/protected-database.ts';
import type { Restore } from '../api/restore.ts';
import { drillName, homeOf } from '../companion/instance.ts';
import type { Feed, Selection } from '../kube/feed.ts';
import { type Informer, type InformerOptions, startInformer } from '../kube/informer.ts';
import type { Change } from '../kube/store.ts';
import { policyOf } from '../policy/policy-of.ts';
import { databaseOf } from './key.ts';
import { namespaceOf } from './world.ts';

export interface Caches {
  readonly policies: Informer<BackupPolicy & KubeObject>;
  /** Those that name a policy. */
  readonly statefulSets: Informer<StatefulSet>;
  readonly databases: Informer<ProtectedDatabase>;
  readonly restores: Informer<Restore>;
  readonly cronJobs: Informer<KubeObject>;
  readonly services: Informer<KubeObject>;
  readonly jobs: Informer<Job>;
  readonly claims: Informer<PersistentVolumeClaim & KubeObject>;
  /** Pods of our jobs. */
  readonly jobPods: Informer<Pod>;
  /** Pods of StatefulSets; of those without a sidecar only what tells where they are. */
  readonly databasePods: Informer<Pod>;
}

export const OURS = `${LABEL.managedBy}=walguard`;

/**
 * Which pods are databases is said by their StatefulSets alone, and a selector cannot ask for that. This one leaves out all
 * that is no StatefulSet's; what it brings of others is reduced to a few hundred bytes.
 */
const OF_STATEFUL_SETS = 'statefulset.kubernetes.io/pod-name';

const KINDS: Readonly<Record<keyof Caches, Selection>> = {
  policies: { apiVersion: API_VERSION, kind: 'BackupPolicy' },
  statefulSets: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  databases: { apiVersion: API_VERSION, kind: 'ProtectedDatabase' },
  restores: { apiVersion: API_VERSION, kind: 'Restore' },
  cronJobs: { apiVersion: 'batch/v1', kind: 'CronJob', labelSelector: OURS },
  services: { apiVersion: 'v1', kind: 'Service', labelSelector: OURS },
  jobs: { apiVersion: 'batch/v1', kind: 'Job', labelSelector: OURS },
  claims: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', labelSelector: OURS },
  jobPods: { apiVersion: 'v1', kind: 'Pod', labelSelector: LABEL.companion },
  databasePods: { apiVersion: 'v1', kind: 'Pod', labelSelector: OF_STATEFUL_SETS },
};

/** @param onChange with the object as it is, or as it was last */
export function startCaches(
  feed: Feed,
  { log, onChange }: Pick<InformerOptions<KubeObject>, 'log'> & { readonly onChange: (object: KubeObject) => void },
  signal: AbortSignal,
): Caches {
  const tell = ({ before, after }: Change<KubeObject>) => {
    const changed = after ?? before;
    if (changed) onChange(changed);
  };
  const start = <T extends KubeObject>(name: keyof Caches, keep: (object: T) => T | undefined): Informer<T> => {
    // The API server gives no other kind than the one that it was asked for.
    const keepIts = keep as InformerOptions<T>['keep'];
    return startInformer<T>(feed, KINDS[name], { log, keep: keepIts, index: listWords, onChange: tell }, signal);
  };
  return {
    policies: start('policies', slim),
    statefulSets: start('statefulSets', (object) => (policyOf(object) ? pack(object) : undefined)),
    databases: start('databases', slim),
    restores: start('restores', slim),
    cronJobs: start('cronJobs', (object) => (isOfOurMaking(object) ? pack(object) : undefined)),
    services: start('services', slim),
    jobs: start('jobs', pack),
    claims: start('claims', slim),
    jobPods: start('jobPods', outline),
    databasePods: start('databasePods', (object) => (hasSidecar(object) ? outline(object) : locate(object))),
  };
}

/** The word under which all that concerns one database is found. */
export function databaseWord(namespace: string, database: string): string {
  return `${namespace}/${database}`;
}

/** A Restore concerns two databases, so it is found by its namespace. */
function listWords(object: KubeObject): string[] {
  if (object.kind === 'Restore' || object.kind === 'StatefulSet') return [namespaceOf(object)];
  const database = databaseOf(object);
  return database === undefined ? [] : [databaseWord(homeOf(object), database)];
}

/** Labels alone would let anybody's CronJob, in any namespace, be taken for a drill of any database. */
function isOfOurMaking({ metadata }: KubeObject): boolean {
  const { [LABEL.databaseNamespace]: home, [LABEL.instance]: pod, [LABEL.drill]: drill } = metadata.labels ?? {};
  return home === undefined || metadata.name === drillName(pod ?? '', drill ?? '', home);
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Nobody reads who wrote which field, or what was given to kubectl; it is often more than half of an object. */
export function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _fields, annotations, ...metadata } = object.metadata;
  const { [LAST_APPLIED]: _text, ...kept } = annotations ?? {};
  return { ...object, metadata: annotations ? { ...metadata, annotations: kept } : metadata };
}

/**
 * Pod templates are most of all memory that thousands of databases would take, and are read now and then: their text is kept,
 * and parsed at each reading of `spec`. Who reads often takes a copy.
 */
export function pack<T extends KubeObject>(object: T): T {
  const { spec, ...rest } = slim(object);
  const text = JSON.stringify(spec ?? null);
  return Object.defineProperty(rest, 'spec', { enumerable: true, get: () => JSON.parse(text) ?? undefined }) as T;
}

/** An init container where it was injected, or a container that an older walguard put there. */
function hasSidecar({ spec }: Pod): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some(({ name }) => name === SIDECAR);
}

/** How a pod is, and where; what it is made of is in its template. */
function outline(pod: Pod): Pod {
  const { nodeName } = pod.spec;
  return { ...slim(pod), spec: { containers: [], ...(nodeName ? { nodeName } : {}) } };
}

/** Where a pod is, in a few hundred bytes. */
function locate(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, ownerReferences } = pod.metadata;
  const { phase, podIP } = pod.status ?? {};
  const metadata = { name, namespace, uid, resourceVersion, ownerReferences } as KubeObject['metadata'];
  const status = { ...(phase ? { phase } : {}), ...(podIP ? { podIP } : {}) };
  return { ...outline(pod), metadata, status };
}

export function hasSynced(caches: Caches): boolean {
  return listInformers(caches).every((each) => each.hasSynced());
}

/** Milliseconds since the one that has been silent for longest was told anything. */
export function silentMs(caches: Caches): number {
  return Math.max(...listInformers(caches).map((each) => each.silentMs()));
}

/** The answer to a write of our own, for the cache of its kind. */
export function note(caches: Caches, object: KubeObject): void {
  const informer = listInformers(caches).find(({ what }) => what.kind === object.kind && what.kind !== 'Pod');
  informer?.note(object);
}

function listInformers(caches: Caches): Informer<KubeObject>[] {
  return Object.values(caches) as Informer<KubeObject>[];
}
