// Time that passes only when nothing else can happen: hours of a simulation in a second, and the same each time.
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface VirtualTime {
  readonly now: () => number;
  /** Until then or the signal, whichever is first; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Lets that much time pass, and all happen that falls into it. */
  readonly pass: (ms: number) => Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function createVirtualTime(): VirtualTime {
  let now = 0;
  const sleepers = new Set<Sleeper>();

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const sleeper = { at: now + Math.max(0, ms), wake: done };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  async function pass(ms: number): Promise<void> {
    const until = now + ms;
    for (;;) {
      // A turn of the event loop comes after every promise that can settle by now.
      await nextTurn();
      const next = [...sleepers].reduce<Sleeper | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
      if (!next || next.at > until) break;
      now = Math.max(now, next.at);
      next.wake();
    }
    now = until;
  }

  return { now: () => now, sleep, pass };
}
