// The admission webhook: express over https. Stateless; writes nothing. Whatever is sent gets a valid answer or a 4xx.
// Room: webhook (door).
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { discard, type Refusal } from './body.ts';
import { ROUTES } from './review.ts';
import { type Page, refuse, send, TEXT } from './send.ts';
import { type Serving, serveReview } from './serve-review.ts';

export interface WebhookContext extends Omit<Serving, 'reviewLog'> {
  /** Why this replica should get no reviews; undefined when it should. */
  readonly notReady: () => string | undefined;
}

export function buildApp(given: WebhookContext): Express {
  const context = { ...given, reviewLog: given.log.child({}, { redact: [] }) };
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false);
  app.enable('case sensitive routing').enable('strict routing');
  for (const [path, route] of Object.entries(ROUTES)) {
    app.post(path, (request, response) => serveReview(context, route, request, response));
    app.all(path, (request, response) => refuseMethod(context, 'POST', request, response));
  }
  for (const [path, render] of Object.entries(PAGES)) {
    app.get(path, async (_request, response) => send(context, response, ...(await render(context))));
    app.all(path, (request, response) => refuseMethod(context, 'GET', request, response));
  }
  app.use((request: Request, response: Response) => refuseAfterBody(context, NOT_FOUND, request, response));
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    context.log.error({ error: error.message }, 'a request went wrong');
    if (!response.headersSent) send(context, response, 500, TEXT, 'walguard: a fault of its own; see its log\n');
  });
  return app;
}

const PAGES: Readonly<Record<string, (context: WebhookContext) => Page | Promise<Page>>> = {
  // Whatever the API server does: that it is away is no reason to restart.
  '/healthz': () => [200, TEXT, 'ok\n'],
  '/readyz': ({ notReady }) => {
    const why = notReady();
    return why === undefined ? [200, TEXT, 'ok\n'] : [503, TEXT, `${why}\n`];
  },
  '/metrics': async ({ metrics }) => [200, metrics.contentType, await metrics.render()],
};

const NOT_FOUND: Refusal = {
  status: 404,
  message: `there are ${[...Object.keys(ROUTES), ...Object.keys(PAGES)].join(', ')}`,
};

function refuseMethod(context: WebhookContext, allow: string, request: Request, response: Response): Promise<void> {
  response.setHeader('allow', allow);
  return refuseAfterBody(context, { status: 405, message: `the method must be ${allow}` }, request, response);
}

async function refuseAfterBody(
  context: WebhookContext,
  refusal: Refusal,
  request: Request,
  response: Response,
): Promise<void> {
  if (await discard(request)) refuse(context, refusal, response);
}
