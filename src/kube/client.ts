// The Kubernetes API as plain JSON: nothing is dropped or turned into classes on the way. Configuration, authentication
// and watches are @kubernetes/client-node's. Room: kube.
import { HttpMethod, KubeConfig, RequestContext, Watch } from '@kubernetes/client-node';
import { fetch } from 'undici';
import type { KubeObject, ObjectRef } from '../api/kubernetes.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import { pathOf } from './path.ts';

/** An answer of the API server other than 2xx. `status` is the HTTP code. */
export class KubeError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ListQuery {
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/** What walguard asks of Kubernetes. Hand-written fakes in unit tests implement it. */
export interface Kube {
  /** Undefined when there is no such object. */
  readonly get: <T extends KubeObject>(ref: ObjectRef) => Promise<T | undefined>;
  readonly list: <T extends KubeObject>(
    kind: Pick<KubeObject, 'apiVersion' | 'kind'>,
    query?: ListQuery,
  ) => Promise<T[]>;
  readonly create: <T extends KubeObject>(object: T) => Promise<T>;
  /** Server-side apply by walguard's field manager; walguard's own fields win. */
  readonly apply: (object: KubeObject) => Promise<void>;
  readonly applyStatus: (object: KubeObject) => Promise<void>;
  /** Calls back on every change until the signal; the connection is made anew when it breaks. */
  readonly watch: (kind: Pick<KubeObject, 'apiVersion' | 'kind'>, onChange: () => void, signal: AbortSignal) => void;
}

const REQUEST_TIMEOUT_MS = 20_000;
const APPLY = `?fieldManager=${FIELD_MANAGER}&force=true`;

export interface KubeOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function loadKubeConfig({ kubeconfig, context }: KubeOptions = {}): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig) config.loadFromFile(kubeconfig);
  else config.loadFromDefault();
  if (context) config.setCurrentContext(context);
  return config;
}

/** The namespace of the current context; `default` where it names none. */
export function currentNamespace(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}

export function createKube(config: KubeConfig): Kube {
  const request = (method: HttpMethod, path: string, body?: unknown, type?: string) =>
    send(config, method, path, body, type);
  return {
    get: (ref) => request(HttpMethod.GET, pathOf(ref)).catch(ignoreMissing) as Promise<never>,
    list: async ({ apiVersion, kind }, { namespace, labelSelector } = {}) => {
      const metadata = namespace === undefined ? {} : { namespace };
      const query = labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
      const { items } = (await request(HttpMethod.GET, pathOf({ apiVersion, kind, metadata }) + query)) as {
        items: object[];
      };
      // Items of a list come without these two.
      return items.map((item) => ({ apiVersion, kind, ...item })) as never[];
    },
    create: (object) => request(HttpMethod.POST, pathOf(withoutName(object)), object) as Promise<never>,
    apply: async (object) => {
      await request(HttpMethod.PATCH, pathOf(object) + APPLY, object, 'application/apply-patch+yaml');
    },
    applyStatus: async (object) => {
      await request(HttpMethod.PATCH, `${pathOf(object)}/status${APPLY}`, object, 'application/apply-patch+yaml');
    },
    watch: (kind, onChange, signal) => void keepWatching(config, pathOf({ ...kind, metadata: {} }), onChange, signal),
  };
}

function withoutName({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, metadata: metadata.namespace === undefined ? {} : { namespace: metadata.namespace } };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof KubeError && error.status === 404) return undefined;
  throw error;
}

async function send(config: KubeConfig, method: HttpMethod, path: string, body?: unknown, type = 'application/json') {
  const server = config.getCurrentCluster()?.server;
  if (!server)
    throw new Error(
      'no Kubernetes cluster is configured: KUBECONFIG, ~/.kube/config and the in-cluster files are all missing',
    );
  const context = new RequestContext(server + path, method);
  await config.applySecurityAuthentication(context);
  const dispatcher = context.getDispatcher();
  const response = await fetch(server + path, {
    method,
    headers: { ...context.getHeaders(), accept: 'application/json', 'content-type': type },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new KubeError(response.status, `${method} ${path}: ${messageOf(text) ?? response.statusText}`);
  return JSON.parse(text) as unknown;
}

function messageOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return text.slice(0, 200) || undefined;
  }
}

const REWATCH_MS = 1000;

/** A watch only says "look again", so nothing is lost when one breaks: the loop that it wakes lists everything anew. */
async function keepWatching(
  config: KubeConfig,
  path: string,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const ended = new AbortController();
    await new Promise<void>((resolve) => {
      const watch = new Watch(config).watch(path, {}, onChange, () => resolve());
      // Credentials that cannot be had just now are a broken watch too, not the end of the process.
      const abort = () => watch.then((controller) => controller?.abort()).catch(() => undefined);
      watch.catch(() => resolve());
      signal.addEventListener('abort', abort, { once: true, signal: ended.signal });
    });
    ended.abort();
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, REWATCH_MS));
    onChange();
  }
}
