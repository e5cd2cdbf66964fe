// Drills in other namespaces than their databases': looks at those namespaces and Secrets now and then, tells whether drills may
// run there, and keeps the copies. A copy's owners are the CronJobs of the drills there, so that it goes with the last of them.
// Secrets are read one by one and not kept. Room: controller (door).
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { KubeObject, OwnerReference, StatefulSet } from '../api/kubernetes.ts';
import { drillName, homeOf, listPods } from '../companion/instance.ts';
import type { Kube } from '../kube/client.ts';
import { isEqual } from '../lib/json.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Logger } from '../telemetry/log.ts';
import { createAlarm } from './alarm.ts';
import { databaseWord } from './caches.ts';
import { judgeNames, judgeNamespace, judgeSecret, type Leave, sumUp } from './drill-leave.ts';
import { databaseOf } from './key.ts';
import { copySecret, listSecretNames, refTo, type Secret } from './secrets.ts';
import type { StorageSecretOptions } from './storage-secrets.ts';
import { namespaceOf } from './world.ts';

/** By the place's namespace; a place that is not in it was not looked at yet. */
export type Leaves = ReadonlyMap<string, Leave>;

export interface DrillPlaces {
  /** Of the drills of one database. */
  readonly find: (namespace: string, database: string) => Leaves;
  /** What an answer depends on has changed. */
  readonly lookSoon: () => void;
}

/** What of the cluster tells which drills run where. */
export interface PlaceNeeds {
  /** The caches are whole. */
  readonly isReady: () => boolean;
  readonly protectedAll: () => readonly StatefulSet[];
  readonly protectedIn: (namespace: string) => readonly StatefulSet[];
  readonly policies: () => readonly BackupPolicy[];
  readonly cronJobs: () => readonly KubeObject[];
  /** The answer for one database is another one now. */
  readonly onNews: (namespace: string, database: string) => void;
}

interface Need {
  readonly home: string;
  readonly database: string;
  readonly place: string;
  readonly secrets: readonly string[];
  /** Of its CronJobs there. */
  readonly names: readonly string[];
}

const CHECK_MS = 30_000;
const UNREADY_MS = 200;

/** Works until the signal. What fails in one namespace keeps no other waiting, and what was known of it stands. */
export function keepDrillPlaces(
  kube: Kube,
  options: Pick<StorageSecretOptions, 'namespace' | 'storageSecret' | 'copyStorageSecret' | 'copySecrets'>,
  needs: PlaceNeeds,
  log: Logger,
  signal: AbortSignal,
): DrillPlaces {
  const alarm = createAlarm(signal);
  const copied = new Set(options.copyStorageSecret ? [options.storageSecret, ...options.copySecrets] : []);
  let known = new Map<string, Map<string, Leave>>();

  async function look(): Promise<void> {
    const all = listNeeds(needs);
    const found = new Map<string, Map<string, Leave>>();
    // Each Secret of a namespace is read once for all databases.
    const read = remember((namespace: string, name: string) => kube.get<Secret>(refTo(name, namespace)));
    for (const place of new Set(all.map((each) => each.place))) {
      const here = all.filter((each) => each.place === place);
      const leaves = await attempt(place, () => lookAt(place, here, read));
      for (const need of here) {
        const word = databaseWord(need.home, need.database);
        const leave = leaves?.get(need) ?? known.get(word)?.get(place);
        if (leave) found.set(word, (found.get(word) ?? new Map<string, Leave>()).set(place, leave));
      }
    }
    const before = known;
    known = found;
    for (const { home, database } of all) {
      const word = databaseWord(home, database);
      if (!isEqual([...(before.get(word) ?? [])], [...(found.get(word) ?? [])])) needs.onNews(home, database);
    }
  }

  async function lookAt(place: string, here: readonly Need[], read: Read): Promise<Map<Need, Leave>> {
    const live = await kube.get(namespaceRef(place));
    const there = await kube.list<KubeObject>({ apiVersion: 'batch/v1', kind: 'CronJob' }, { namespace: place });
    const leaves = new Map<Need, Leave>();
    const toCopy = new Map<string, Need[]>();
    for (const need of here) {
      const judged = [judgeNamespace(place, need.home, live), judgeNames(need, there)];
      for (const name of need.secrets.filter((each) => copied.has(each))) {
        const leave = judgeSecret(await readScene(name, need, options.namespace, read));
        if (leave === 'copy') toCopy.set(name, [...(toCopy.get(name) ?? []), need]);
        else judged.push(leave);
      }
      leaves.set(need, sumUp(judged));
    }
    for (const [name, wanting] of toCopy) {
      const allowed = wanting.filter((each) => leaves.get(each) === 'given');
      await attempt(place, () => copy(name, place, allowed, read));
    }
    return leaves;
  }

  /** Not before there is a drill to own it; and where a database needs it too, it is kept for that one (storage-secrets.ts). */
  async function copy(name: string, place: string, wanting: readonly Need[], read: Read): Promise<void> {
    if (listSecretNames(needs.protectedIn(place), needs.policies()).includes(name)) return;
    const owners = needs.cronJobs().filter((each) => wanting.some((need) => serves(each, need)));
    const source = await read(options.namespace, name);
    if (source && owners.length > 0) await copySecret(kube, source, place, log, owners.map(toOwner));
  }

  async function attempt<T>(place: string, work: () => Promise<T>): Promise<T | undefined> {
    if (signal.aborted) return undefined;
    return work().catch(({ message }: Error) => {
      if (!signal.aborted)
        log.error({ namespace: place, error: message }, 'drills there could not be seen to; trying again');
      return undefined;
    });
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      const isReady = needs.isReady();
      if (isReady) await attempt('*', look);
      await alarm.wait(isReady ? CHECK_MS : UNREADY_MS);
    }
  }

  void keep();
  return {
    find: (namespace, database) => known.get(databaseWord(namespace, database)) ?? new Map(),
    lookSoon: alarm.ring,
  };
}

type Read = (namespace: string, name: string) => Promise<Secret | undefined>;

function remember(read: Read): Read {
  const answers = new Map<string, Promise<Secret | undefined>>();
  return (namespace, name) => {
    const word = `${namespace}/${name}`;
    const answer = answers.get(word) ?? read(namespace, name);
    answers.set(word, answer);
    return answer;
  };
}

async function readScene(name: string, { home, place }: Need, source: string, read: Read) {
  const [inPlace, atHome, atSource] = await Promise.all([place, home, source].map((each) => read(each, name)));
  return { name, place, home, source, live: { inPlace, atHome, atSource } };
}

function namespaceRef(name: string) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Of databases whose policy has drills elsewhere; read from the annotation first, because specs are parsed at each reading. */
function listNeeds({ protectedAll, policies }: PlaceNeeds): Need[] {
  const all = policies();
  const drillsOf = new Map(all.map(({ metadata, spec }) => [metadata.name, spec.drills ?? []]));
  return protectedAll().flatMap((workload) => {
    const home = namespaceOf(workload);
    const drills = (drillsOf.get(policyOf(workload) ?? '') ?? []).filter(({ namespace = home }) => namespace !== home);
    if (drills.length === 0) return [];
    const secrets = listSecretNames([workload], all);
    const pods = listPods(workload);
    return [...Map.groupBy(drills, ({ namespace = home }) => namespace)].map(([place, its]) => {
      const names = its.flatMap(({ name }) => pods.map((pod) => drillName(pod, name, home)));
      return { home, database: workload.metadata.name ?? '', place, secrets, names };
    });
  });
}

function serves(cronJob: KubeObject, { home, database, place }: Need): boolean {
  return namespaceOf(cronJob) === place && homeOf(cronJob) === home && databaseOf(cronJob) === database;
}

function toOwner({ metadata: { name = '', uid = '' } }: KubeObject): OwnerReference {
  return { apiVersion: 'batch/v1', kind: 'CronJob', name, uid };
}
