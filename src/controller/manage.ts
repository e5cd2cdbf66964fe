// The leading controller's work: caches say what has changed, a queue says what is looked at next. Room: controller (door).

import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import { homeOf } from '../companion/instance.ts';
import type { Kube } from '../kube/client.ts';
import { MONOTONIC } from '../kube/clock.ts';
import type { Feed } from '../kube/feed.ts';
import { destinationName } from '../lib/restore-spec.ts';
import type { Logger } from '../telemetry/log.ts';
import { createActor } from './act.ts';
import { askSidecar } from './ask-sidecar.ts';
import { type Caches, databaseWord, hasSynced, silentMs, startCaches } from './caches.ts';
import { keepDrillPlaces } from './drill-places.ts';
import { createEvents } from './events.ts';
import type { Health } from './health.ts';
import { databaseKey, databaseOf, listConcerned, listRestoresOf, restoreKey } from './key.ts';
import { createQueue, type Queue } from './queue.ts';
import { type Reconciling, reconcile } from './reconcile.ts';
import { createSidecars, type SidecarOptions } from './sidecars.ts';
import { keepStorageSecrets, type StorageSecretOptions } from './storage-secrets.ts';
import { isUnfinished, namespaceOf } from './world.ts';

export interface ManageOptions extends StorageSecretOptions {
  readonly image: string;
  /** Of this process. */
  readonly identity: string;
  /** Tests bring their own. */
  readonly ask?: SidecarOptions['ask'];
}

export interface Managing {
  readonly kube: Kube;
  readonly feed: Feed;
  readonly log: Logger;
  readonly health: Pick<Health, 'noteGood'>;
  /** Told once there is something to see. */
  readonly onCaches?: (caches: Caches) => void;
}

const WORKERS = 8;
const PULSE_MS = 5000;
/** A watch lives for 40 seconds at most: one that was not heard of for longer is stuck. */
const STUCK_MS = 60_000;

/** Until the signal; never rejects. */
export async function manage(options: ManageOptions, managing: Managing, signal: AbortSignal): Promise<void> {
  const { feed, log, health } = managing;
  let queue: Queue | undefined;
  let context: Reconciling | undefined;
  const onChange = (object: KubeObject) => {
    addConcerned(object, caches, queue);
    if (object.kind === 'BackupPolicy' || isElsewhere(object)) context?.places.lookSoon();
  };
  const caches = startCaches(feed, { log, onChange }, signal);
  managing.onCaches?.(caches);
  context = createContext(options, managing, caches, () => queue, signal);
  while (!signal.aborted) {
    if (hasSynced(caches) && queue === undefined) queue = startQueue(context, log, signal);
    if (hasSynced(caches) && silentMs(caches) < STUCK_MS) health.noteGood();
    await MONOTONIC.sleep(queue === undefined ? SYNC_MS : PULSE_MS, signal);
  }
}

const SYNC_MS = 50;

function createContext(
  options: ManageOptions,
  { kube, log }: Managing,
  caches: Caches,
  queue: () => Queue | undefined,
  signal: AbortSignal,
): Reconciling {
  const restoresIn = (namespace: string) => caches.restores.store.find(namespace);
  const ask = options.ask ?? askSidecar;
  const sidecars = createSidecars(
    {
      ask,
      onNews: (word) => {
        const [namespace = '', name = ''] = word.split('/');
        queue()?.add(databaseKey(namespace, name));
        for (const key of listRestoresOf(namespace, name, restoresIn(namespace))) queue()?.add(key);
      },
      isUrgent: (word) =>
        restoresIn(word.split('/')[0] ?? '').some(
          (each) => isUnfinished(each) && databaseWord(namespaceOf(each), destinationName(each.spec)) === word,
        ),
    },
    signal,
  );
  const needs = { protectedIn: caches.statefulSets.store.find, policies: caches.policies.store.list };
  const secrets = keepStorageSecrets(kube, options, needs, log, signal);
  const places = keepDrillPlaces(
    kube,
    options,
    {
      ...needs,
      isReady: () => hasSynced(caches),
      protectedAll: caches.statefulSets.store.list,
      cronJobs: () => listElsewhere(caches),
      onNews: (namespace, name) => queue()?.add(databaseKey(namespace, name)),
    },
    log,
    signal,
  );
  return {
    kube,
    caches,
    sidecars,
    ask,
    image: options.image,
    makesSecrets: options.copyStorageSecret,
    places,
    actor: createActor(kube, log),
    events: createEvents({ kube, log, instance: options.identity, now: MONOTONIC.now }),
    prepare: secrets.need,
    now: () => new Date().toISOString(),
    random: Math.random,
  };
}

/** With all that there is: what changed while nobody led is found so. */
function startQueue(context: Reconciling, log: Logger, signal: AbortSignal): Queue {
  const { caches } = context;
  const onError = (key: string, { message: error }: Error, retryMs: number) =>
    log.error({ key, error, retryMs: Math.round(retryMs) }, 'could not be done; trying again');
  const work = (key: string) => reconcile(key, context);
  const queue = createQueue({ work, onError, workers: WORKERS }, signal);
  // Theirs may be gone for good, and nobody else would ask for them again.
  for (const each of listElsewhere(caches)) queue.add(databaseKey(homeOf(each), databaseOf(each) ?? ''));
  const keys = (objects: readonly KubeObject[], toKey: typeof databaseKey) =>
    objects.map((each) => toKey(namespaceOf(each), each.metadata.name ?? ''));
  const databases = [...caches.statefulSets.store.list(), ...caches.databases.store.list()];
  for (const key of [...keys(databases, databaseKey), ...keys(caches.restores.store.list(), restoreKey)]) {
    queue.add(key);
  }
  return queue;
}

/** CronJobs of drills in other namespaces than their databases'. */
function listElsewhere({ cronJobs }: Caches): KubeObject[] {
  return cronJobs.store.list().filter(isElsewhere);
}

function isElsewhere({ kind, metadata }: KubeObject): boolean {
  return kind === 'CronJob' && metadata.labels?.[LABEL.databaseNamespace] !== undefined;
}

function addConcerned(object: KubeObject, caches: Caches, queue: Queue | undefined): void {
  if (queue === undefined || isStrangersPod(object, caches)) return;
  const neighbours = {
    restores: caches.restores.store.find(namespaceOf(object)),
    statefulSets: object.kind === 'BackupPolicy' ? caches.statefulSets.store.list() : [],
  };
  for (const key of listConcerned(object, neighbours)) queue.add(key);
}

/** Of a StatefulSet that names no policy. Once it does, it says so itself. */
function isStrangersPod(object: KubeObject, { statefulSets }: Caches): boolean {
  if (object.kind !== 'Pod') return false;
  const labelled = object.metadata.labels?.[LABEL.companion] !== undefined;
  return !labelled && statefulSets.store.get(namespaceOf(object), databaseOf(object) ?? '') === undefined;
}
