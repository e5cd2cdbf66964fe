// What the kubelet and Prometheus may ask the controller. Room: controller (door).
import { createServer, type Server } from 'node:http';
import type { Metrics } from '../telemetry/metrics.ts';

/** Without anything good for this long the process is restarted. */
const STALE_MS = 120_000;

/**
 * Good is a look at the cluster by the leader, or at the Lease by one that stands by and could take over at any moment.
 *
 * | last good       | /healthz | /readyz |
 * | never, young    | 200      | 503     |
 * | never, old      | 503      | 503     |
 * | a moment ago    | 200      | 200     |
 * | long ago        | 503      | 503     |
 */
export interface Health {
  readonly noteGood: () => void;
  readonly isAlive: () => boolean;
  readonly isReady: () => boolean;
}

/** @param now milliseconds of a monotonic clock */
export function createHealth(now: () => number): Health {
  let lastGood = now();
  let everGood = false;
  const isAlive = () => now() - lastGood < STALE_MS;
  return {
    noteGood: () => {
      lastGood = now();
      everGood = true;
    },
    isAlive,
    isReady: () => everGood && isAlive(),
  };
}

export function serveHealth(port: number, health: Health, metrics: Metrics): Server {
  const server = createServer(async (request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', metrics.contentType);
      return response.end(await metrics.render());
    }
    const isGood = request.url === '/readyz' ? health.isReady() : health.isAlive();
    response.statusCode = isGood ? 200 : 503;
    return response.end(isGood ? 'ok\n' : 'no successful look at the cluster lately; see the log\n');
  });
  return server.listen(port);
}
