// An API server of a few kinds in memory, over real HTTP: versions, pages, watches with bookmarks, server-side apply. It can
// be told to fail in every way that connections and servers do.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { isEqual } from '../../src/lib/json.ts';
import { writeKubeconfig } from './api-server.ts';
import { merge } from './fake-kube.ts';

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  readonly isWrite: boolean;
  readonly authorization: string | undefined;
}

/** What goes wrong with one request. Of a watch, those with a number let so many events pass before. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** The connection is reset, before anything is done. */
  | { readonly kind: 'reset' }
  /** It is done, and then the connection is reset. */
  | { readonly kind: 'answer-lost' }
  /** Nothing ever comes back. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'silent'; readonly after: number }
  | { readonly kind: 'gone'; readonly after: number }
  | { readonly kind: 'garbage'; readonly after: number }
  /** Each event twice, and before it an old one. */
  | { readonly kind: 'repeat' };

export interface FaultyApi {
  readonly kubeconfig: string;
  readonly requests: ApiRequest[];
  readonly objects: () => KubeObject[];
  /** As somebody else would: the new version is told to watches. */
  readonly put: (object: KubeObject) => KubeObject;
  readonly drop: (object: KubeObject) => void;
  /** Forgets what happened up to now: who wants to go on from before is told 410. */
  readonly compact: () => void;
  setFault: (choose: ((request: ApiRequest) => Fault | undefined) | undefined) => void;
}

interface Logged {
  readonly version: number;
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

interface Place {
  /** Without the namespace: `apis/apps/v1/statefulsets`. */
  readonly collection: string;
  readonly apiVersion: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly isStatus: boolean;
}

const PATH =
  /^\/(?<root>api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?<status>\/status)?$/;

export async function startFaultyApi(context: TestContext, ...initial: KubeObject[]): Promise<FaultyApi> {
  const objects = new Map<string, KubeObject>();
  const log: Logged[] = [];
  const watchers = new Set<(entry: Logged) => void>();
  const requests: ApiRequest[] = [];
  let version = 100;
  let compacted = 0;
  let uids = 0;
  let chooseFault: ((request: ApiRequest) => Fault | undefined) | undefined;

  const keyOf = (collection: string, { metadata }: KubeObject) =>
    `${collection} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const collectionOf = ({ apiVersion, kind }: KubeObject) =>
    `${apiVersion === 'v1' ? 'api/v1' : `apis/${apiVersion}`}/${plural(kind)}`;

  function record(type: Logged['type'], collection: string, object: KubeObject): void {
    const entry = { version, collection, type, object };
    log.push(entry);
    for (const watcher of watchers) watcher(entry);
  }

  function store(collection: string, object: KubeObject): KubeObject {
    const key = keyOf(collection, object);
    const before = objects.get(key);
    const { resourceVersion: _version, ...metadata } = object.metadata;
    const same = before && isEqual(withoutVersion(before), { ...object, metadata });
    if (same) return before;
    const isChanged = !isEqual(before?.spec, object.spec);
    version++;
    const stored = structuredClone({
      ...object,
      metadata: {
        ...metadata,
        uid: before?.metadata.uid ?? metadata.uid ?? `uid-${++uids}`,
        creationTimestamp: before?.metadata.creationTimestamp ?? '2026-11-21T09:00:00Z',
        generation: (before?.metadata.generation ?? 0) + (isChanged ? 1 : 0),
        resourceVersion: `${version}`,
      },
    });
    objects.set(key, stored);
    record(before ? 'MODIFIED' : 'ADDED', collection, stored);
    return stored;
  }

  function drop(collection: string, object: KubeObject): void {
    if (!objects.delete(keyOf(collection, object))) return;
    version++;
    record('DELETED', collection, { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } });
  }

  const selected = ({ collection, namespace }: Place, query: URLSearchParams) =>
    [...objects]
      .filter(([key]) => key.startsWith(`${collection} `))
      .map(([, object]) => object)
      .filter(
        (object) => (namespace === undefined || object.metadata.namespace === namespace) && matches(object, query),
      );

  function list(place: Place, query: URLSearchParams): readonly [number, unknown] {
    const all = selected(place, query);
    const from = Number(query.get('continue') ?? 0);
    const to = from + Number(query.get('limit') ?? all.length);
    const metadata = { resourceVersion: `${version}`, ...(to < all.length ? { continue: `${to}` } : {}) };
    return [200, { metadata, items: all.slice(from, to) }];
  }

  function write(method: string, place: Place, body: KubeObject): readonly [number, unknown] {
    const { collection, namespace, name, isStatus } = place;
    const at = { ...body, metadata: { ...body?.metadata, ...(namespace === undefined ? {} : { namespace }) } };
    const ref = { ...at, metadata: { ...at.metadata, ...(name === undefined ? {} : { name }) } };
    const live = objects.get(keyOf(collection, ref));
    if (method === 'POST') return live ? refuse(409, 'already exists') : [201, store(collection, ref)];
    if (method === 'DELETE') {
      if (!live) return refuse(404, 'not found');
      const { uid = live.metadata.uid } = (body as { preconditions?: { uid?: string } })?.preconditions ?? {};
      if (uid !== live.metadata.uid) return refuse(409, 'the UID in the precondition is another');
      drop(collection, live);
      return [200, { kind: 'Status', status: 'Success' }];
    }
    if (method === 'PUT') {
      if (!live || body.metadata.resourceVersion !== live.metadata.resourceVersion) return refuse(409, 'conflict');
      return [200, store(collection, ref)];
    }
    if (isStatus) return live ? [200, store(collection, { ...live, status: body.status })] : refuse(404, 'not found');
    return [live ? 200 : 201, store(collection, live ? (merge(live, ref) as KubeObject) : ref)];
  }

  function watch(place: Place, request: ApiRequest, response: ServerResponse, fault: Fault | undefined): void {
    const { query } = request;
    const from = query.get('resourceVersion');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const send = createSender(response, fault);
    if (from !== null && Number(from) < compacted) {
      send('ERROR', { kind: 'Status', code: 410, message: 'too old resource version', metadata: {} });
      return void response.end();
    }
    const isMeant = ({ collection, object }: Logged) =>
      collection === place.collection &&
      (place.namespace === undefined || object.metadata.namespace === place.namespace) &&
      matches(object, query);
    const tell = (entry: Logged) => isMeant(entry) && send(entry.type, entry.object);
    if (from === null) for (const object of selected(place, query)) send('ADDED', object);
    else for (const entry of log.filter((each) => each.version > Number(from))) tell(entry);
    watchers.add(tell);
    const timer = setTimeout(
      () => {
        send('BOOKMARK', { metadata: { resourceVersion: `${version}` } });
        if (fault?.kind !== 'silent') response.end();
      },
      Number(query.get('timeoutSeconds') ?? 60) * 1000,
    );
    response.on('close', () => {
      clearTimeout(timer);
      watchers.delete(tell);
    });
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
    const request = readRequest(incoming);
    requests.push(request);
    const fault = chooseFault?.(request);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') return void incoming.socket.destroy();
    if (fault?.kind === 'status') return answer(response, fault.status, fault.retryAfter);
    const place = readPlace(request.path);
    if (!place) return answer(response, 404);
    if (request.isWatch) return watch(place, request, response, fault);
    const [status, body] = request.isWrite
      ? write(request.method, place, text === '' ? undefined : JSON.parse(text))
      : place.name === undefined
        ? list(place, request.query)
        : read(place);
    if (fault?.kind === 'answer-lost') return void incoming.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  function read({ collection, namespace = '', name }: Place): readonly [number, unknown] {
    const found = objects.get(`${collection} ${namespace}/${name}`);
    return found ? [200, found] : refuse(404, 'not found');
  }

  const server = createServer((incoming, response) => void handle(incoming, response).catch(() => response.destroy()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  for (const object of initial) store(collectionOf(object), object);
  return {
    kubeconfig: await writeKubeconfig(context, `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    objects: () => [...objects.values()],
    put: (object) => store(collectionOf(object), object),
    drop: (object) => drop(collectionOf(object), objects.get(keyOf(collectionOf(object), object)) ?? object),
    compact: () => {
      compacted = version + 1;
      version++;
    },
    setFault: (choose) => {
      chooseFault = choose;
    },
  };
}

function createSender(response: ServerResponse, fault: Fault | undefined): (type: string, object: object) => void {
  let sent = 0;
  let last: string | undefined;
  return (type, object) => {
    if (response.writableEnded || response.destroyed) return;
    const line = `${JSON.stringify({ type, object })}\n`;
    const isDue = fault && 'after' in fault && sent >= fault.after;
    if (fault?.kind === 'silent' && isDue) return;
    if (fault?.kind === 'cut' && isDue) {
      response.write(line.slice(0, line.length / 2), () => response.destroy());
      return;
    }
    if (fault?.kind === 'garbage' && isDue) {
      response.end('<html>bad gateway</html>\n');
      return;
    }
    if (fault?.kind === 'gone' && isDue) {
      const status = { kind: 'Status', code: 410, message: 'too old resource version', metadata: {} };
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    response.write(fault?.kind === 'repeat' ? line + (last ?? '') + line : line);
    sent++;
    last = type === 'BOOKMARK' ? last : line;
  };
}

function readRequest({ method = '', url = '', headers }: IncomingMessage): ApiRequest {
  const { pathname: path, searchParams: query } = new URL(url, 'http://api');
  const isWatch = query.get('watch') === 'true';
  return { method, path, query, isWatch, isWrite: method !== 'GET', authorization: headers.authorization };
}

function readPlace(path: string): Place | undefined {
  const groups = PATH.exec(path)?.groups;
  if (!groups) return undefined;
  const { root = '', namespace, resource = '', name, status } = groups;
  const collection = `${root}/${resource}`;
  return { collection, apiVersion: root.replace(/^apis?\//, ''), namespace, name, isStatus: status !== undefined };
}

function plural(kind: string): string {
  return kind === 'BackupPolicy' ? 'backuppolicies' : `${kind.toLowerCase()}s`;
}

function matches({ metadata }: KubeObject, query: URLSearchParams): boolean {
  const terms = (query.get('labelSelector') ?? '').split(',').filter(Boolean);
  return terms.every((term) => {
    const [key = '', value] = term.split('=');
    const label = metadata.labels?.[key];
    return value === undefined ? label !== undefined : label === value;
  });
}

function withoutVersion(object: KubeObject): unknown {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const refuse = (status: number, message: string) =>
  [status, { kind: 'Status', message, details: { kind: 'any' } }] as const;

function answer(response: ServerResponse, status: number, retryAfter?: number): void {
  const headers = retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ kind: 'Status', message: `told to say ${status}`, details: {} }));
}
