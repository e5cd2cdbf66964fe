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
  /** Denied by an admission webhook, not for want of a right: the message is for the person who asked. */
  readonly isDenial: boolean;
  constructor(status: number, message: string, isDenial = false) {
    super(message);
    this.status = status;
    this.isDenial = isDenial;
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
  /** The whole object, and only while it is at the resourceVersion that `object` carries: otherwise KubeError 409. */
  readonly replace: <T extends KubeObject>(object: T) => Promise<T>;
  /**
   * Server-side apply by walguard's field manager; walguard's own fields win. With a resourceVersion in the object it is
   * refused with KubeError 409 when somebody wrote in between.
   */
  readonly apply: (object: KubeObject) => Promise<void>;
  readonly applyStatus: (object: KubeObject) => Promise<void>;
  /**
   * Calls back on every change until the signal, with the object as it is then; the connection is made anew when it breaks,
   * and then without an object, because something may have been missed. With a name it is that one object's watch.
   */
  readonly watch: (what: Watched, onChange: (object?: KubeObject) => void, signal: AbortSignal) => void;
}

/** A kind in all namespaces, or one object. */
export type Watched = Pick<KubeObject, 'apiVersion' | 'kind'> & Partial<Pick<ObjectRef, 'metadata'>>;

export interface CallLimits {
  /** Ends every call, those under way too. */
  readonly signal?: AbortSignal;
  /** Of one call. */
  readonly timeoutMs?: number;
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

export function createKube(config: KubeConfig, limits: CallLimits = {}): Kube {
  const request = (method: HttpMethod, path: string, body?: unknown, type?: string) =>
    send(config, limits, method, path, body, type);
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
    replace: (object) =>
      request(HttpMethod.PUT, `${pathOf(object)}?fieldManager=${FIELD_MANAGER}`, object) as Promise<never>,
    apply: async (object) => {
      await request(HttpMethod.PATCH, pathOf(object) + APPLY, object, 'application/apply-patch+yaml');
    },
    applyStatus: async (object) => {
      await request(HttpMethod.PATCH, `${pathOf(object)}/status${APPLY}`, object, 'application/apply-patch+yaml');
    },
    watch: (what, onChange, signal) => void keepWatching(config, what, onChange, signal),
  };
}

function withoutName({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, metadata: metadata.namespace === undefined ? {} : { namespace: metadata.namespace } };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof KubeError && error.status === 404) return undefined;
  throw error;
}

async function send(
  config: KubeConfig,
  { signal, timeoutMs = REQUEST_TIMEOUT_MS }: CallLimits,
  method: HttpMethod,
  path: string,
  body?: unknown,
  type = 'application/json',
) {
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
    signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  const text = await response.text();
  if (!response.ok) throw toError(response.status, `${method} ${path}`, text, response.statusText);
  return JSON.parse(text) as unknown;
}

/** A right that is missing is told with details of the object; what a webhook denies comes with its message alone. */
function toError(status: number, request: string, text: string, fallback: string): KubeError {
  const { message, details } = parseStatus(text);
  if (status === 403 && message !== undefined && details === undefined) return new KubeError(status, message, true);
  return new KubeError(status, `${request}: ${message ?? (text.slice(0, 200) || fallback)}`);
}

function parseStatus(text: string): { readonly message?: string; readonly details?: unknown } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const REWATCH_MS = 1000;

/** A watch only says "look again", so nothing is lost when one breaks: the loop that it wakes lists everything anew. */
async function keepWatching(
  config: KubeConfig,
  { apiVersion, kind, metadata: { name, namespace } = {} }: Watched,
  onChange: (object?: KubeObject) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = pathOf({ apiVersion, kind, metadata: namespace === undefined ? {} : { namespace } });
  // The one form of a watch that RBAC can allow for single names.
  const query = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  const tell = (_type: string, object: KubeObject) => onChange(object);
  while (!signal.aborted) {
    const ended = new AbortController();
    await new Promise<void>((resolve) => {
      const watch = new Watch(config).watch(path, query, tell, () => resolve());
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
