// Serving certificates as the controller mints them, and requests that trust just their CA.
import { X509Certificate } from 'node:crypto';
import { type RequestOptions, request } from 'node:https';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { ensureCertificates } from '../../src/controller/certificates.ts';
import type { ServingCertificate } from '../../src/webhook/certificate-files.ts';
import { createFakeKube } from './fake-kube.ts';
import { createRecordedLog } from './recorded-log.ts';

const OPTIONS = { namespace: 'walguard-system', secret: 'tls', service: 'webhook', configuration: 'walguard' };

/** The name by which the API server calls the webhook. */
export const SERVER_NAME = 'webhook.walguard-system.svc';

export async function mintCertificate(): Promise<ServingCertificate> {
  const configurations = ['Mutating', 'Validating'].map((prefix) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${prefix}WebhookConfiguration`,
    metadata: { name: OPTIONS.configuration },
    webhooks: [],
  }));
  const kube = createFakeKube(...configurations);
  await ensureCertificates(kube, OPTIONS, createRecordedLog().log, new Date());
  const secret = kube.objects.find(({ kind }) => kind === 'Secret') as KubeObject & { data: Record<string, string> };
  const read = (key: string) => Buffer.from(secret.data[key] ?? '', 'base64').toString('utf8');
  const cert = read('tls.crt');
  return { cert, key: read('tls.key'), ca: read('ca.crt'), expiresAt: new X509Certificate(cert).validToDate };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request, as the API server makes it: https, by the Service's name, trusting the CA alone. */
export function askHttps(
  port: number,
  ca: string,
  path: string,
  body?: string,
  more: RequestOptions = {},
): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST';
  const headers =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    ca,
    servername: SERVER_NAME,
    headers,
    agent: false as const,
    ...more,
  };
  return new Promise((resolve, reject) => {
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}
