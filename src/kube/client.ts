// The Kubernetes API as plain JSON: nothing is dropped or turned into classes on the way. Configuration and authentication
// are @kubernetes/client-node's. Room: kube.
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpMethod, KubeConfig } from '@kubernetes/client-node';
import type { KubeObject, ObjectRef } from '../api/kubernetes.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import { KubeError } from './error.ts';
import { createFeed, type Feed } from './feed.ts';
import { pathOf } from './path.ts';
import { type CallLimits, send } from './request.ts';

export { KubeError } from './error.ts';

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
  readonly apply: (object: KubeObject) => Promise<KubeObject>;
  readonly applyStatus: (object: KubeObject) => Promise<KubeObject>;
  /** To spec.replicas of `object`; no field of the StatefulSet becomes ours by it. */
  readonly scale: (object: KubeObject) => Promise<void>;
  /** Only the very object that `object` is, by its uid: otherwise KubeError 409. What it owns goes after it. */
  readonly remove: (object: KubeObject) => Promise<void>;
  /**
   * Calls back on every change until the signal, with the object as it is then; the connection is made anew when it breaks,
   * and then without an object, because something may have been missed. With a name it is that one object's watch.
   */
  readonly watch: (what: Watched, onChange: (object?: KubeObject) => void, signal: AbortSignal) => void;
}

/** A kind in all namespaces, or one object. */
export type Watched = Pick<KubeObject, 'apiVersion' | 'kind'> & Partial<Pick<ObjectRef, 'metadata'>>;

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
    send(config, limits, { method, path, body, ...(type === undefined ? {} : { type }) });
  const feed = createFeed(config, limits);
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
    apply: (object) =>
      request(HttpMethod.PATCH, pathOf(object) + APPLY, object, 'application/apply-patch+yaml') as Promise<KubeObject>,
    applyStatus: (object) => {
      const path = `${pathOf(object)}/status${APPLY}`;
      return request(HttpMethod.PATCH, path, object, 'application/apply-patch+yaml') as Promise<KubeObject>;
    },
    scale: async (object) => {
      const { replicas } = object.spec as { replicas: number };
      await request(
        HttpMethod.PATCH,
        `${pathOf(object)}/scale`,
        { spec: { replicas } },
        'application/merge-patch+json',
      );
    },
    remove: async (object) => {
      const { uid } = object.metadata;
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions };
      await request(HttpMethod.DELETE, pathOf(object), body).catch(ignoreMissing);
    },
    watch: (what, onChange, signal) => void keepWatching(feed, what, onChange, signal),
  };
}

function withoutName({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, metadata: metadata.namespace === undefined ? {} : { namespace: metadata.namespace } };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof KubeError && error.status === 404) return undefined;
  throw error;
}

const REWATCH_MS = 1000;

/** A watch only says "look again", so nothing is lost when one breaks: the loop that it wakes lists everything anew. */
async function keepWatching(
  feed: Feed,
  { apiVersion, kind, metadata: { name, namespace } = {} }: Watched,
  onChange: (object?: KubeObject) => void,
  signal: AbortSignal,
): Promise<void> {
  // The one form of a watch that RBAC can allow for single names.
  const single = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  const what = { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), ...single };
  while (!signal.aborted) {
    try {
      for await (const { type, object } of feed.follow(what, undefined, signal)) {
        if (type !== 'BOOKMARK') onChange(object);
      }
    } catch {
      // Credentials that cannot be had just now are a broken watch too, not the end of the process.
    }
    await sleep(REWATCH_MS, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) onChange();
  }
}
