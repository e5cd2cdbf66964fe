// What a webhook process has, in a cluster and without one: log, metrics, limits, guard, listening and ending.
// Room: webhook (door).
import { once } from 'node:events';
import type { Server } from 'node:https';
import { setFlagsFromString } from 'node:v8';
import { ENGINE_IDS, type EngineId } from '../policy/engines.ts';
import { type AdmissionMetrics, createAdmissionMetrics } from '../telemetry/admission-metrics.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { createOutput } from '../telemetry/output.ts';
import { type DrainTimes, drain } from './drain.ts';
import { guardProcess } from './guard-process.ts';
import { createHttpsServer, type KeyPair } from './https.ts';
import { createLoad } from './load.ts';
import type { ReviewContext } from './review.ts';
import { buildApp } from './server.ts';

export interface WebhookProcess {
  readonly log: Logger;
  readonly metrics: AdmissionMetrics;
  /** Given when it was told to stop, or must be replaced. */
  readonly signal: AbortSignal;
  /** The engine in this image; undefined in a checkout. */
  readonly engine: EngineId | undefined;
  /** @param port 0 takes a free one */
  readonly listen: (
    context: Omit<ReviewContext, 'engine' | 'now'>,
    notReady: () => string | undefined,
    pair: KeyPair,
    port: number,
  ) => Promise<Server>;
  /** Drains, and lets the last lines of the log out. Throws what made it end, where that was no signal. */
  readonly end: (server: Server, times: DrainTimes) => Promise<void>;
}

export function createProcess(env: NodeJS.ProcessEnv, stop: AbortSignal): WebhookProcess {
  // The space for new objects stays small: with large reviews a third less memory is resident, at the same speed.
  setFlagsFromString('--semi-space-growth-factor=1');
  const output = createOutput();
  const log = createLogger('webhook', output);
  const metrics = createAdmissionMetrics();
  const load = createLoad();
  const { signal, finish } = guardProcess(log, stop);
  const engine = ENGINE_IDS.find((id) => id === env.WALGUARD_ENGINE);
  return {
    log,
    metrics,
    signal,
    engine,
    listen: async (context, notReady, pair, port) => {
      const app = buildApp({
        ...context,
        engine,
        log,
        metrics,
        load,
        now: () => new Date(),
        notReady: () => (signal.aborted ? 'shutting down' : notReady()),
        isDraining: () => signal.aborted,
      });
      const server = createHttpsServer(app, pair, metrics.observeRefused).listen(port);
      await once(server, 'listening');
      return server;
    },
    end: async (server, times) => {
      log.info('draining');
      await drain(server, load.idleMs, times);
      log.info('drained');
      await output.flush();
      finish();
    },
  };
}
