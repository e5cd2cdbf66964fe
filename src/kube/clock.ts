// The time that loops go by; tests bring their own. Room: kube.
import { setTimeout as sleep } from 'node:timers/promises';

/** Monotonic: a wall clock that somebody sets must not end or lengthen anything. */
export interface Clock {
  /** Milliseconds since any moment. */
  readonly now: () => number;
  /** Until then or the signal, whichever is first; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const MONOTONIC: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined),
};
