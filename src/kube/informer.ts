// Keeps a cache of one kind as the API server has it, whatever happens to connections on the way. Room: kube.
import type { KubeObject } from '../api/kubernetes.ts';
import type { Logger } from '../telemetry/log.ts';
import { type Clock, MONOTONIC } from './clock.ts';
import { type Course, decideCourse, type Outcome } from './course.ts';
import { KubeError } from './error.ts';
import type { Feed, Selection } from './feed.ts';
import { type Change, createStore, type Digest, type Store, type StoreOptions } from './store.ts';

export interface Informer<T> {
  readonly what: Selection;
  readonly store: Pick<Store<T>, 'get' | 'list' | 'find'>;
  /** Has there been a list? Until then nothing may be concluded from what is not in the store. */
  readonly hasSynced: () => boolean;
  /** Milliseconds since the API server told anything, be it that nothing has changed. */
  readonly silentMs: () => number;
  /** The answer to a write of our own, so that the next decision knows of it; the watch will tell of it again. */
  readonly note: (object: KubeObject) => void;
}

export interface InformerOptions<T extends KubeObject> extends StoreOptions<T> {
  readonly log: Logger;
  /** Must not throw. Not called for what `note` brought. */
  readonly onChange: (change: Change<T>) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Works until the signal. */
export function startInformer<T extends KubeObject>(
  feed: Feed,
  what: Selection,
  options: InformerOptions<T>,
  signal: AbortSignal,
): Informer<T> {
  const { clock = MONOTONIC, random = Math.random, log, onChange } = options;
  const store = createStore<T>(options);
  const state = { lastContact: clock.now() };
  const reflector: Reflector<T> = { feed, what, store, clock, log, onChange, state };
  void keepReflecting(reflector, random, signal);
  return {
    what,
    store,
    hasSynced: () => store.position() !== undefined,
    silentMs: () => clock.now() - state.lastContact,
    note: store.note,
  };
}

interface Reflector<T> {
  readonly feed: Feed;
  readonly what: Selection;
  readonly store: Store<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (change: Change<T>) => void;
  readonly state: { lastContact: number };
}

async function keepReflecting<T>(reflector: Reflector<T>, random: () => number, signal: AbortSignal): Promise<void> {
  let course: Course = { step: 'list', delayMs: 0, failures: 0 };
  while (!signal.aborted) {
    const outcome = await (course.step === 'list' ? list(reflector, signal) : watch(reflector, signal));
    course = decideCourse(outcome, course.failures, random());
    if (course.delayMs > 0) await reflector.clock.sleep(course.delayMs, signal);
  }
}

async function list<T>(reflector: Reflector<T>, signal: AbortSignal): Promise<Outcome> {
  const { feed, what, store, onChange } = reflector;
  try {
    const items: Digest<T>[] = [];
    let next: string | undefined;
    let version = '';
    do {
      const page = await feed.listPage(what, next);
      noteContact(reflector);
      for (const item of page.items) items.push(store.digest(item));
      version = page.resourceVersion;
      next = page.next;
    } while (next !== undefined && !signal.aborted);
    if (signal.aborted) return { step: 'list', ending: 'failed', livedMs: 0 };
    for (const change of store.replaceAll(items, version)) onChange(change);
    return { step: 'list', ending: 'listed', livedMs: 0 };
  } catch (error) {
    return fail(reflector, 'list', error as Error, 0, signal);
  }
}

async function watch<T>(reflector: Reflector<T>, signal: AbortSignal): Promise<Outcome> {
  const { feed, what, store, clock, onChange } = reflector;
  const startedAt = clock.now();
  try {
    for await (const { type, object } of feed.follow(what, store.position(), signal)) {
      noteContact(reflector);
      const change = store.take(type, object);
      if (change) onChange(change);
    }
  } catch (error) {
    return fail(reflector, 'watch', error as Error, clock.now() - startedAt, signal);
  }
  noteContact(reflector);
  return { step: 'watch', ending: 'ended', livedMs: clock.now() - startedAt };
}

function noteContact<T>({ state, clock }: Reflector<T>): void {
  state.lastContact = clock.now();
}

function fail<T>(
  { log, what }: Reflector<T>,
  step: Outcome['step'],
  error: Error,
  livedMs: number,
  signal: AbortSignal,
): Outcome {
  const isGone = error instanceof KubeError && error.status === 410;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  if (!signal.aborted) log.warn({ kind: what.kind, step, error: error.message + cause }, 'a cache is fed anew');
  const retryAfterMs = error instanceof KubeError ? error.retryAfterMs : undefined;
  return { step, ending: isGone ? 'gone' : 'failed', livedMs, retryAfterMs };
}
