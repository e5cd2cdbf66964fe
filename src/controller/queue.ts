// A queue of keys: each is worked on by one worker at a time, however often it is added; failures come again later and later.
// Room: controller (door).
import { type Clock, MONOTONIC } from '../kube/clock.ts';
import { backOff } from '../kube/course.ts';

export interface Queue {
  /** Soon: a burst of changes is one look. A key that is being worked on comes again after that. */
  readonly add: (key: string) => void;
  /** In that many milliseconds, unless it comes sooner. */
  readonly addLater: (key: string, ms: number) => void;
  readonly stats: () => QueueStats;
}

export interface QueueStats {
  readonly waiting: number;
  readonly working: number;
  /** Keys whose last try failed. */
  readonly failing: number;
}

export interface QueueOptions {
  /** @returns milliseconds after which to look again; undefined for only when something changes */
  readonly work: (key: string) => Promise<number | undefined>;
  readonly onError: (key: string, error: Error, retryMs: number) => void;
  /** How many keys are worked on at a time. */
  readonly workers: number;
  readonly settleMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

const SETTLE_MS = 100;
const LONGEST_RETRY_MS = 60_000;

/** Starts no work after the signal; what is under way is its own matter. */
export function createQueue(options: QueueOptions, signal: AbortSignal): Queue {
  const { work, onError, workers, settleMs = SETTLE_MS, clock = MONOTONIC, random = Math.random } = options;
  const ready = new Set<string>();
  const working = new Set<string>();
  const timers = new Map<string, { readonly at: number; readonly stop: AbortController }>();
  const failures = new Map<string, number>();

  function addLater(key: string, ms: number): void {
    const at = clock.now() + ms;
    const earlier = timers.get(key);
    if (signal.aborted || ready.has(key) || (earlier && earlier.at <= at)) return;
    earlier?.stop.abort();
    const stop = new AbortController();
    timers.set(key, { at, stop });
    void clock.sleep(ms, AbortSignal.any([signal, stop.signal])).then(() => {
      if (stop.signal.aborted || signal.aborted) return;
      timers.delete(key);
      ready.add(key);
      startWork();
    });
  }

  function startWork(): void {
    for (const key of ready) {
      if (working.size >= workers || signal.aborted) return;
      if (working.has(key)) continue;
      ready.delete(key);
      working.add(key);
      void attempt(key).finally(() => {
        working.delete(key);
        startWork();
      });
    }
  }

  async function attempt(key: string): Promise<void> {
    try {
      const againMs = await work(key);
      failures.delete(key);
      if (againMs !== undefined) addLater(key, againMs);
    } catch (error) {
      if (signal.aborted) return;
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const retryMs = backOff(count, random(), readRetryAfter(error), LONGEST_RETRY_MS);
      onError(key, error as Error, retryMs);
      addLater(key, retryMs);
    }
  }

  return {
    add: (key) => addLater(key, settleMs),
    addLater,
    stats: () => ({ waiting: ready.size, working: working.size, failing: failures.size }),
  };
}

function readRetryAfter(error: unknown): number | undefined {
  return (error as { retryAfterMs?: number }).retryAfterMs;
}
