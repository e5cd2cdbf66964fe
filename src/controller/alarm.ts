// Wakes a loop that waits. Room: controller (door).

export interface Alarm {
  readonly ring: () => void;
  /** Until it rings and things have settled, or the signal; at most this many milliseconds. */
  readonly wait: (atMostMs: number) => Promise<void>;
}

/** A burst of changes is one look. */
const SETTLE_MS = 200;

export function createAlarm(signal: AbortSignal): Alarm {
  let rung = false;
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => wake(), { once: true });
  return {
    ring: () => {
      rung = true;
      wake();
    },
    wait: async (atMostMs) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, atMostMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      rung = false;
    },
  };
}
