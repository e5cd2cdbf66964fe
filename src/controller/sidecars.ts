// Asks the sidecars of protected databases how they are, each in its own rhythm: one that is slow or dead delays no other.
// Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import { type Clock, MONOTONIC } from '../kube/clock.ts';
import { type Answer, isNews } from './sidecar-news.ts';
import { namespaceOf, sidecarKey } from './world.ts';

export interface Sidecars {
  /** These are the pods of that database now; whatever else was asked for it is not asked any more. */
  readonly follow: (database: string, pods: readonly Pod[]) => void;
  /** By sidecarKey: an answer, or why there is none. */
  readonly answers: (database: string) => ReadonlyMap<string, Answer>;
  /** False while a pod that has an address was not asked yet: then nothing may be concluded. */
  readonly areKnown: (database: string) => boolean;
  /** How many are asked regularly. */
  readonly count: () => number;
}

export interface SidecarOptions {
  /** Must end in a few seconds, and never reject. */
  readonly ask: (podIP: string) => Promise<Answer>;
  readonly onNews: (database: string) => void;
  /** Somebody waits for what this database says next. */
  readonly isUrgent: (database: string) => boolean;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const EVERY_MS = 5000;
const URGENT_EVERY_MS = 1000;
/** A change of the pod is a reason to ask at once, but not many in a row. */
const LEAST_MS = 500;

interface Asked {
  readonly uid: string | undefined;
  readonly podIP: string;
  pod: Pod;
  answer?: Answer;
  told?: Answer;
  toldAt: number;
  readonly end: AbortController;
  /** The pod has changed since it was asked last. */
  hasChanged: boolean;
  /** Ends the wait between two questions. */
  wake: () => void;
}

export function createSidecars(options: SidecarOptions, signal: AbortSignal): Sidecars {
  const { clock = MONOTONIC } = options;
  const databases = new Map<string, { readonly pods: readonly Pod[]; readonly asked: Map<string, Asked> }>();

  function follow(database: string, pods: readonly Pod[]): void {
    const before = databases.get(database)?.asked ?? new Map<string, Asked>();
    const asked = new Map<string, Asked>();
    for (const pod of pods) {
      const podIP = pod.status?.podIP;
      if (!podIP) continue;
      const key = keyOf(pod);
      const known = before.get(key);
      if (known && known.uid === pod.metadata.uid && known.podIP === podIP) asked.set(key, refresh(known, pod));
      else asked.set(key, start(database, pod, podIP));
    }
    for (const [key, each] of before) if (asked.get(key) !== each) each.end.abort();
    if (pods.length === 0) databases.delete(database);
    else databases.set(database, { pods, asked });
  }

  function start(database: string, pod: Pod, podIP: string): Asked {
    const end = new AbortController();
    const each: Asked = { uid: pod.metadata.uid, podIP, pod, toldAt: 0, end, hasChanged: false, wake: () => undefined };
    void keepAsking(database, each, { ...options, clock }, AbortSignal.any([signal, end.signal]));
    return each;
  }

  return {
    follow,
    answers: (database) => {
      const { pods = [], asked } = databases.get(database) ?? {};
      return new Map(pods.map((pod) => [keyOf(pod), asked?.get(keyOf(pod))?.answer ?? describePod(pod)]));
    },
    areKnown: (database) =>
      [...(databases.get(database)?.asked.values() ?? [])].every(({ answer }) => answer !== undefined),
    count: () => [...databases.values()].reduce((sum, { asked }) => sum + asked.size, 0),
  };
}

function keyOf(pod: Pod): string {
  return sidecarKey(namespaceOf(pod), pod.metadata.name ?? '');
}

function describePod({ status }: Pod): string {
  return `the pod is ${status?.phase ?? 'unknown'} and has no address yet`;
}

function refresh(known: Asked, pod: Pod): Asked {
  const hasChanged = known.pod.metadata.resourceVersion !== pod.metadata.resourceVersion;
  known.pod = pod;
  if (hasChanged) {
    known.hasChanged = true;
    known.wake();
  }
  return known;
}

async function keepAsking(
  database: string,
  each: Asked,
  { ask, onNews, isUrgent, clock, random = Math.random }: SidecarOptions & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    each.hasChanged = false;
    const answer = await ask(each.podIP);
    if (signal.aborted) return;
    each.answer = answer;
    if (isNews(each.told, answer, clock.now() - each.toldAt)) {
      each.told = answer;
      each.toldAt = clock.now();
      onNews(database);
    }
    await clock.sleep(LEAST_MS, signal);
    const restMs = (isUrgent(database) ? URGENT_EVERY_MS : EVERY_MS) - LEAST_MS;
    await sleepOrWake(each, restMs * (0.9 + random() / 5), clock, signal);
  }
}

async function sleepOrWake(each: Asked, ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (each.hasChanged) return;
  const woken = new AbortController();
  each.wake = () => woken.abort();
  await clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
  each.wake = () => undefined;
}
