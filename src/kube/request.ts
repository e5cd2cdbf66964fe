// One request to the API server: authentication by @kubernetes/client-node, a deadline, and its refusals as errors.
// Room: kube.
import type { RequestOptions } from 'node:https';
import { HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type Dispatcher, fetch, type Response } from 'undici';
import { KubeError } from './error.ts';

export interface CallLimits {
  /** Ends every call, those under way too. */
  readonly signal?: AbortSignal;
  /** Of one call. */
  readonly timeoutMs?: number;
}

export interface Call {
  readonly method: HttpMethod;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Default application/json. */
  readonly type?: string;
}

const REQUEST_TIMEOUT_MS = 20_000;

/** The parsed answer. Rejects with KubeError for any answer other than 2xx. */
export async function send(
  config: KubeConfig,
  { signal, timeoutMs = REQUEST_TIMEOUT_MS }: CallLimits,
  call: Call,
): Promise<unknown> {
  const limits = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const response = await open(config, call, limits);
  return JSON.parse(await response.text()) as unknown;
}

/** An answer of 2xx whose body is still to be read, under the same signal. */
export async function open(config: KubeConfig, call: Call, signal: AbortSignal): Promise<Response> {
  const server = config.getCurrentCluster()?.server;
  if (!server)
    throw new Error(
      'no Kubernetes cluster is configured: KUBECONFIG, ~/.kube/config and the in-cluster files are all missing',
    );
  const { method, path, body, type = 'application/json' } = call;
  const { headers, dispatcher } = await authenticate(config, server);
  const response = await fetch(server + path, {
    method,
    headers: { ...headers, accept: 'application/json', 'content-type': type },
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  if (!response.ok) throw await toError(response, `${method} ${path}`);
  return response;
}

interface Connections {
  readonly dispatcher: Dispatcher | undefined;
  /** All that the dispatcher's connections are made from. */
  readonly identity: string;
}

const connections = new WeakMap<KubeConfig, Connections>();

/**
 * The library makes a pool of connections for each request, so that none is ever used twice and each call pays for a TLS
 * handshake. One is kept here, until the certificates are others.
 */
async function authenticate(config: KubeConfig, server: string): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options;
  const identity = JSON.stringify([server, `${ca}`, `${cert}`, `${key}`, servername, rejectUnauthorized]);
  let known = connections.get(config);
  if (known?.identity !== identity) {
    const context = new RequestContext(server, HttpMethod.GET);
    await config.applySecurityAuthentication(context);
    known = { identity, dispatcher: context.getDispatcher() };
    connections.set(config, known);
  }
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return { headers: { ...(options.headers as Record<string, string>), ...basic }, dispatcher: known.dispatcher };
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher | undefined;
}

/** A right that is missing is told with details of the object; what a webhook denies comes with its message alone. */
async function toError(response: Response, request: string): Promise<KubeError> {
  const { status, headers, statusText } = response;
  const text = await response.text();
  const { message, details } = parseStatus(text);
  const retryAfterMs = readRetryAfter(headers.get('retry-after'));
  if (status === 403 && message !== undefined && details === undefined) {
    return new KubeError(status, message, { isDenial: true });
  }
  const what = message ?? (text.slice(0, 200) || statusText);
  return new KubeError(status, `${request}: ${what}`, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function parseStatus(text: string): { readonly message?: string; readonly details?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** The API server gives seconds. */
function readRetryAfter(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
}
