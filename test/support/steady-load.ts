// A load at a steady rate, whatever the answers take: a stall does not mean fewer requests, and each one's time counts from
// when it was due, so that the stall shows in all that it kept waiting.
import { setTimeout as sleep } from 'node:timers/promises';

/** What one request came to. */
export interface Outcome {
  readonly kind: string;
  /** What was wrong with the answer; undefined where nothing was. */
  readonly failure?: string;
}

export interface Timed extends Outcome {
  /** When it was due, in ms since the start of the load. */
  readonly at: number;
  /** From when it was due to its answer. */
  readonly ms: number;
}

export interface Load {
  readonly outcomes: readonly Timed[];
  readonly elapsedMs: () => number;
  /** No new requests; resolves when the last one is answered. */
  readonly finish: () => Promise<void>;
}

const TICK_MS = 10;
/** A machine that cannot keep up gets a lower rate, not a queue without end. */
const MOST_WAITING = 100;

/** @param act sends the request of that number, counted from 0; must not reject */
export function startLoad(ratePerSecond: number, act: (number: number) => Promise<Outcome>): Load {
  const outcomes: Timed[] = [];
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const running = new Set<Promise<void>>();
  let isOver = false;

  async function send(number: number, at: number): Promise<void> {
    const outcome = await act(number);
    outcomes.push({ ...outcome, at, ms: elapsedMs() - at });
  }

  async function pace(): Promise<void> {
    let number = 0;
    let dueAt = 0;
    while (!isOver) {
      for (; dueAt <= elapsedMs() && running.size < MOST_WAITING; dueAt += 1000 / ratePerSecond) {
        const sent: Promise<void> = send(number++, dueAt).finally(() => running.delete(sent));
        running.add(sent);
      }
      if (running.size >= MOST_WAITING) dueAt = elapsedMs();
      await sleep(TICK_MS);
    }
    await Promise.all(running);
  }

  const paced = pace();
  return {
    outcomes,
    elapsedMs,
    finish: () => {
      isOver = true;
      return paced;
    },
  };
}

/** The value below which that share of the sorted or unsorted values lies; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
