// Plain https calls to an API server over connections that are kept, for loads that kubectl would be too slow for.
import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';

export interface CallAnswer {
  readonly status: number;
  readonly text: string;
  /** As kubectl would show them. */
  readonly warnings: readonly string[];
}

export interface ApiCalls {
  /** Rejects only where there is no answer. */
  readonly call: (method: string, path: string, body?: object, contentType?: string) => Promise<CallAnswer>;
  readonly close: () => void;
}

const TIMEOUT_MS = 30_000;

/** @param kubeconfig file of JSON with a token, as test/cluster writes it */
export function createApiCalls(kubeconfig: string, maxSockets: number): ApiCalls {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, maxSockets, ca: Buffer.from(ca, 'base64') });
  const authorization = `Bearer ${users[0].user.token}`;
  return {
    call: (method, path, body, contentType = 'application/json') => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = { authorization, 'content-type': contentType, 'content-length': Buffer.byteLength(text) };
      return send(new URL(path, server), { method, agent, headers, timeout: TIMEOUT_MS }, text);
    },
    close: () => agent.destroy(),
  };
}

function send(url: URL, options: RequestOptions, body: string): Promise<CallAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response
        .on('error', reject)
        .on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, warnings: readWarnings(response.headers.warning) }),
        );
    });
    call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`))).on('error', reject);
    call.end(body);
  });
}

/** `299 - "text"`, several divided by commas; the text is a quoted string. */
function readWarnings(header = ''): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}
