// The end of a replica without a failed call. Room: webhook (door).
import { once } from 'node:events';
import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. */
export interface DrainTimes {
  /** Without a request for this long the others have taken over. */
  readonly quietMs: number;
  /** Then it ends in any case. */
  readonly limitMs: number;
  /** For requests that are under way at the end. */
  readonly lastMs: number;
}

/** In the chart 45 s are granted, of which preStop takes 5. */
export const DRAIN: DrainTimes = { quietMs: 4000, limitMs: 30_000, lastMs: 3000 };

const LOOK_MS = 50;

/**
 * The caller has seen to it that the replica is not ready and that each answer closes its connection: so the ones that are in
 * use move to other replicas one by one, while new ones may still come in. Only those go that were not used all the while:
 * Go does not send a POST again whose connection ended under it.
 *
 * @param idleMs milliseconds since the last request; 0 while one is under way
 */
export async function drain(server: Server, idleMs: () => number, times: DrainTimes = DRAIN): Promise<void> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < times.limitMs) {
    if (Math.min(idleMs(), performance.now() - startedAt) >= times.quietMs) break;
    await sleep(LOOK_MS);
  }
  const closed = once(server, 'close');
  // Takes no new connections, ends those without a request, and waits for the rest.
  server.close();
  const late = sleep(times.lastMs, undefined, { ref: false });
  await Promise.race([closed, late]);
  server.closeAllConnections();
}
