// Serving certificates as the controller mints them, and requests that trust just their authority.
import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';
import type { ServingCertificate } from '../../src/webhook/certificate-files.ts';

/** The name by which the API server calls the webhook. */
export const SERVER_NAME = 'webhook.walguard-system.svc';

export interface Minted extends ServingCertificate {
  /** The authority that signed it, PEM. */
  readonly ca: string;
}

/** @param now what the clock says when it is minted */
export async function mintCertificate(names: readonly string[] = [SERVER_NAME], now = new Date()): Promise<Minted> {
  const authority = await mintAuthority(now);
  const { cert, key } = await mintServing(authority, names, now);
  return { cert, key, ca: authority.cert, expiresAt: new X509Certificate(cert).validToDate };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request, as the API server makes it: https, by the Service's name, trusting the CA alone. */
export function askHttps(
  port: number,
  ca: string,
  path: string,
  body?: string | Buffer,
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
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}
