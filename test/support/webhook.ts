// The webhook in this process: real https on a free port, by a fixed list of policies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestOptions, Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type AdmissionMetrics, createAdmissionMetrics } from '../../src/telemetry/admission-metrics.ts';
import { createHttpsServer, type Times } from '../../src/webhook/https.ts';
import { createLoad, LIMITS, type Limits, type Load } from '../../src/webhook/load.ts';
import { createFixedSource } from '../../src/webhook/policy-source.ts';
import type { AdmissionResponse } from '../../src/webhook/response.ts';
import { buildApp, type WebhookContext } from '../../src/webhook/server.ts';
import { createRecordedLog, type RecordedLog } from './recorded-log.ts';
import { buildReview } from './reviews.ts';
import { type Answer, askHttps, type Minted, mintCertificate } from './tls.ts';
import { IMAGE } from './workloads.ts';
import { NOW, POLICY } from './world.ts';

export interface TestWebhook extends RecordedLog {
  readonly server: Server;
  readonly port: number;
  readonly certificate: Minted;
  readonly metrics: AdmissionMetrics;
  readonly load: Load;
  /** A text is sent as it is, anything else as JSON; without a body it is a GET. */
  readonly ask: (path: string, body?: unknown, more?: RequestOptions) => Promise<Answer>;
  /** A review of the object; fails unless the answer is a valid one. */
  readonly review: (path: string, object: unknown, old?: unknown) => Promise<AdmissionResponse>;
  readonly close: () => void;
}

export interface WebhookChanges {
  readonly context?: Partial<WebhookContext>;
  readonly limits?: Partial<Limits>;
  readonly times?: Times;
}

export async function startWebhook({ context, limits, times }: WebhookChanges = {}): Promise<TestWebhook> {
  const certificate = await mintCertificate();
  const recorded = createRecordedLog();
  const metrics = createAdmissionMetrics();
  const load = createLoad({ ...LIMITS, ...limits });
  const app = buildApp({
    image: IMAGE,
    engine: 'walrus',
    policies: createFixedSource([POLICY], 'walrus'),
    listDatabases: async () => [],
    findDrills: () => undefined,
    now: () => new Date(NOW),
    log: recorded.log,
    metrics,
    load,
    notReady: () => undefined,
    isDraining: () => false,
    ...context,
  });
  const server = createHttpsServer(app, certificate, metrics.observeRefused, times).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask: TestWebhook['ask'] = (path, body, more) => askHttps(port, certificate.ca, path, toText(body), more);
  return {
    ...recorded,
    server,
    port,
    certificate,
    metrics,
    load,
    ask,
    review: async (path, object, old = null) => readAnswer(await ask(path, buildReview(object, old))),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function toText(body: unknown): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body;
  return JSON.stringify(body);
}

/** Fails unless it is what an API server takes for an answer to the review of `buildReview`. */
export function readAnswer({ status, headers, text }: Answer, uid = 'review-1'): AdmissionResponse {
  assert.equal(status, 200, text);
  assert.match(headers['content-type'] ?? '', /^application\/json/);
  const body = JSON.parse(text) as { apiVersion: string; kind: string; response: AdmissionResponse };
  assert.deepEqual([body.apiVersion, body.kind], ['admission.k8s.io/v1', 'AdmissionReview']);
  assert.equal(body.response.uid, uid);
  assert.equal(typeof body.response.allowed, 'boolean');
  return body.response;
}

/** The value of one series; 0 where there is none yet. @param series as it is rendered, such as `name{a="b"}` */
export async function readMetric(metrics: AdmissionMetrics, series: string): Promise<number> {
  const line = (await metrics.render()).split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}
