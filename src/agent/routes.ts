// What the sidecar answers by HTTP: one entry for each route. Room: agent (door).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SIDECAR_PORT } from '../api/names.ts';
import { backupRoutes } from './backup-endpoint.ts';
import type { AgentContext } from './context.ts';
import type { Sidecar } from './loop.ts';
import type { Route } from './route.ts';
import { buildStatus } from './status.ts';

const healthRoute: Route = {
  method: 'GET',
  path: '/healthz',
  answer: (_, _request, response) => void response.end('ok\n'),
};

const statusRoute: Route = {
  method: 'GET',
  path: '/status',
  answer: ({ context, state, supervisor }, _, response) => {
    const archive = { isRunning: supervisor.isRunning('archive'), lastError: supervisor.lastError('archive') };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(buildStatus(context, state, archive)));
  },
};

const metricsRoute: Route = {
  method: 'GET',
  path: '/metrics',
  answer: async ({ metrics }, _, response) => {
    response.setHeader('content-type', metrics.contentType);
    response.end(await metrics.render());
  },
};

const ROUTES: readonly Route[] = [healthRoute, statusRoute, metricsRoute, ...backupRoutes()];

export function serveRoutes(sidecar: Sidecar): Server {
  return createServer((request, response) => {
    respond(sidecar, request, response).catch((error: Error) => {
      sidecar.context.log.error({ path: request.url, error: error.message }, 'could not answer');
      if (!response.headersSent) response.statusCode = 500;
      response.end(`${error.message}\n`);
    });
  }).listen(portOf(sidecar.context));
}

/** Another one where several sidecars share a network, as on a machine without pods. */
export function portOf({ env }: Pick<AgentContext, 'env'>): number {
  return Number(env.WALGUARD_SIDECAR_PORT || SIDECAR_PORT);
}

async function respond(sidecar: Sidecar, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [pathname = ''] = (request.url ?? '').split('?');
  const here = ROUTES.filter(({ path }) => (path.endsWith('/') ? pathname.startsWith(path) : pathname === path));
  const route = here.find(({ method }) => method === request.method);
  if (route) return route.answer(sidecar, request, response);
  response.statusCode = here.length > 0 ? 405 : 404;
  response.end(`${ROUTES.map(({ method, path }) => `${method} ${path}`).join(', ')} are here\n`);
}
