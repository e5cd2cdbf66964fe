// One review from its bytes to its answer, its line in the log and its count. Room: webhook (door).
import type { Request, Response } from 'express';
import type { AdmissionMetrics } from '../telemetry/admission-metrics.ts';
import type { Logger } from '../telemetry/log.ts';
import { BUSY, readJson } from './body.ts';
import { type Envelope, EXPECTED, namesOf, openReview, operationOf, sealAnswer } from './envelope.ts';
import type { Load } from './load.ts';
import { type Answer, answerFault } from './response.ts';
import { answer, type ReviewContext, type Route } from './review.ts';
import { refuse, type Sending, send } from './send.ts';

export interface Serving extends ReviewContext, Sending {
  readonly log: Logger;
  /** For the reviews' lines: names alone, so secrets are not looked for, which took a tenth of a review's time. */
  readonly reviewLog: Logger;
  readonly metrics: AdmissionMetrics;
  readonly load: Load;
}

export async function serveReview(context: Serving, route: Route, request: Request, response: Response): Promise<void> {
  const startedAt = performance.now();
  const { load, metrics } = context;
  load.begin();
  metrics.startReview();
  const body = await readJson(request, load);
  try {
    if (!body) return;
    const review = body.refusal ? undefined : openReview(body.value);
    if (!review) refuse(context, body.refusal ?? { status: 400, message: EXPECTED }, response);
    else if (!load.enter()) refuse(context, BUSY, response);
    else {
      const { made, text } = seal(await answer(route, review, context).finally(load.leave));
      send(context, response, 200, 'application/json', text);
      report(context, route, review, made, performance.now() - startedAt);
    }
  } finally {
    load.release(body?.held ?? 0);
    metrics.endReview();
    load.end();
  }
}

function seal(made: Answer): { readonly made: Answer; readonly text: string } {
  try {
    return { made, text: sealAnswer(made.response) };
  } catch (error) {
    const fault = answerFault(made.response.uid, error as Error);
    return { made: fault, text: sealAnswer(fault.response) };
  }
}

/** For log and metric; the three modes are one webhook. */
const WEBHOOK = {
  mutate: 'mutate',
  requester: 'requester',
  enforce: 'validate',
  warn: 'validate',
  audit: 'validate',
  policies: 'policies',
  restores: 'restores',
} as const satisfies Record<Route, string>;

/** One line and one count; nothing of the object or of the patch. */
function report(
  { log, reviewLog, metrics }: Serving,
  route: Route,
  review: Envelope,
  { code, response: { uid, allowed }, fault }: Answer,
  ms: number,
): void {
  if (fault) log.error({ error: fault.message, stack: fault.stack, uid }, 'a review went wrong');
  const webhook = WEBHOOK[route];
  const operation = operationOf(review.request);
  const isDryRun = review.request.dryRun === true;
  metrics.observeReview({ webhook, code, allowed, operation, isDryRun }, ms / 1000);
  reviewLog.info(
    {
      webhook,
      code,
      allowed,
      operation,
      ...namesOf(review),
      ...(isDryRun ? { dryRun: true } : {}),
      ms: Math.round(ms * 100) / 100,
    },
    'reviewed',
  );
}
