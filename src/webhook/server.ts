// The admission webhook: express over https. Stateless; reads policies, writes nothing. Room: webhook (door).
import { createServer, type Server } from 'node:https';
import express, { type Express, type Request, type Response } from 'express';
import type { Kube } from '../kube/client.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { findSettings } from './policies.ts';
import { type Answer, answerFault, answerMutation, answerValidation, type Mode, parseReview } from './review.ts';

export interface WebhookContext {
  readonly kube: Kube;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** walguard's own image, for the sidecar. */
  readonly image: string;
  /** Why this replica should get no reviews; undefined when it should. */
  readonly notReady: () => string | undefined;
}

/** The API server takes objects of 3 MiB, and an UPDATE carries two. */
const BODY_LIMIT = '8mb';

export function buildApp(context: WebhookContext): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.get('/healthz', (_request, response) => void response.type('text').send('ok\n'));
  app.get('/readyz', (_request, response) => {
    const why = context.notReady();
    response
      .status(why === undefined ? 200 : 503)
      .type('text')
      .send(`${why ?? 'ok'}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.set('content-type', context.metrics.contentType).send(await context.metrics.render());
  });
  app.use(express.json({ limit: BODY_LIMIT, type: () => true }));
  app.post('/mutate', (request, response) => review(context, 'mutate', undefined, request, response));
  for (const mode of ['enforce', 'warn', 'audit'] as const) {
    const path = mode === 'enforce' ? '/validate' : `/validate/${mode}`;
    app.post(path, (request, response) => review(context, 'validate', mode, request, response));
  }
  app.use((error: Error, _request: Request, response: Response, _next: unknown) => {
    context.log.warn({ error: error.message }, 'a request could not be read');
    response.status(400).type('text').send(`${error.message}\n`);
  });
  return app;
}

async function review(
  context: WebhookContext,
  webhook: 'mutate' | 'validate',
  mode: Mode | undefined,
  { body }: Request,
  response: Response,
): Promise<void> {
  const startedAt = performance.now();
  const request = parseReview(body);
  if (!request) {
    response.status(400).type('text').send('expected an AdmissionReview (admission.k8s.io/v1) of a StatefulSet\n');
    return;
  }
  let answer: Answer;
  try {
    const workload = request.object;
    const settings = await findSettings(context.kube, workload);
    const today = new Date().toISOString().slice(0, 10);
    const input = { workload, old: request.oldObject ?? undefined, image: context.image, settings, today };
    answer = mode === undefined ? answerMutation(request, input) : answerValidation(request, input, mode);
  } catch (error) {
    answer = answerFault(request.uid, error as Error);
    context.log.error({ error: (error as Error).message, uid: request.uid }, 'a review went wrong');
  }
  const { code, response: verdict } = answer;
  const seconds = (performance.now() - startedAt) / 1000;
  context.metrics.observeReview(webhook, code, verdict.allowed, seconds);
  const { namespace, operation, object } = request;
  context.log.info(
    { webhook, code, allowed: verdict.allowed, operation, namespace, name: object.metadata.name },
    'reviewed',
  );
  response.json({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: verdict });
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Longer than the API server's idle connections live (90 s), or each of its requests would pay a handshake. */
const KEEP_ALIVE_MS = 120_000;

export function createHttpsServer(app: Express, pair: KeyPair): Server {
  const server = createServer({ ...pair, minVersion: 'TLSv1.3' }, app);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  server.requestTimeout = 10_000;
  return server;
}
