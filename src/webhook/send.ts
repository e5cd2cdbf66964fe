// How the webhook answers a request, whatever it was. Room: webhook (door).
import type { Response } from 'express';
import type { AdmissionMetrics } from '../telemetry/admission-metrics.ts';
import type { Refusal } from './body.ts';

export interface Sending {
  readonly metrics: AdmissionMetrics;
  /** From then on each answer closes its connection, so that the next request goes to another replica. */
  readonly isDraining: () => boolean;
}

export type Page = readonly [status: number, type: string, body: string];

export const TEXT = 'text/plain; charset=utf-8';

export function send({ isDraining }: Sending, response: Response, ...[status, type, body]: Page): void {
  if (isDraining()) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function refuse(sending: Sending, { status, message }: Refusal, response: Response): void {
  sending.metrics.observeRefused(status);
  // The API server waits for it and tries again, within its own timeout.
  if (status === 429) response.setHeader('retry-after', '1');
  send(sending, response, status, TEXT, `${message}\n`);
}
