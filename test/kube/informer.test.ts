// The informer against an API server that fails in each way: in the end the cache is what the server has.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { loadKubeConfig } from '../../src/kube/client.ts';
import type { Clock } from '../../src/kube/clock.ts';
import { createFeed } from '../../src/kube/feed.ts';
import { type Informer, startInformer } from '../../src/kube/informer.ts';
import { type ApiRequest, type Fault, type FaultyApi, startFaultyApi } from '../support/faulty-api.ts';
import { until } from '../support/processes.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const KIND = { apiVersion: 'v1', kind: 'Service' } as const;
/** Waits are shortened, so that a test of backoffs takes no minute. */
const FASTER = 50;
const clock: Clock = {
  now: () => performance.now() * FASTER,
  sleep: (ms, signal) => sleep(ms / FASTER, undefined, { signal }).catch(() => undefined),
};

function service(name: string, value = '1', labels: Record<string, string> = { ours: 'yes' }): KubeObject {
  return { ...KIND, metadata: { name, namespace: 'shop', labels }, spec: { value } };
}

interface Scene {
  readonly api: FaultyApi;
  readonly informer: Informer<KubeObject>;
  readonly changes: string[];
  readonly stop: () => void;
}

async function setScene(context: TestContext, api: FaultyApi, config = loadKubeConfig(api)): Promise<Scene> {
  const end = new AbortController();
  context.after(() => end.abort());
  const feed = createFeed(config, { signal: end.signal, pageSize: 2, silenceMs: 150, timeoutMs: 300 });
  const changes: string[] = [];
  const options = {
    log: createRecordedLog().log,
    keep: (object: KubeObject) => object,
    index: () => [],
    onChange: ({ after, before }: { before: KubeObject | undefined; after: KubeObject | undefined }) =>
      void changes.push(`${after ? (before ? '~' : '+') : '-'}${(after ?? before)?.metadata.name}`),
    clock,
  };
  const informer = startInformer<KubeObject>(feed, { ...KIND, labelSelector: 'ours' }, options, end.signal);
  return { api, informer, changes, stop: () => end.abort() };
}

const versions = (objects: readonly KubeObject[]) =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();

const isSame = ({ api, informer }: Scene) =>
  JSON.stringify(versions(informer.store.list())) ===
  JSON.stringify(versions(api.objects().filter(({ metadata }) => metadata.labels?.ours)));

const FIVE = ['a', 'b', 'c', 'd', 'e'].map((name) => service(name));

test('all pages are read, then each change is told once', async (context) => {
  const scene = await setScene(context, await startFaultyApi(context, ...FIVE, service('other', '1', {})));
  await until('the first list', () => scene.informer.hasSynced());
  assert.deepEqual(scene.changes, ['+a', '+b', '+c', '+d', '+e']);
  await until('the watch', () => scene.api.requests.some(({ isWatch }) => isWatch));
  scene.api.put(service('a', '2'));
  scene.api.drop(service('b'));
  scene.api.put(service('f'));
  await until('the changes', () => scene.changes.length === 8);
  assert.deepEqual(scene.changes.slice(5), ['~a', '-b', '+f']);
  assert.ok(isSame(scene));
  const [list, watch] = [scene.api.requests[0], scene.api.requests.find(({ isWatch }) => isWatch)];
  assert.equal(list?.query.get('labelSelector'), 'ours');
  assert.deepEqual(
    [watch?.query.get('resourceVersion'), watch?.query.get('allowWatchBookmarks'), watch?.query.get('labelSelector')],
    ['106', 'true', 'ours'],
  );
  assert.ok(Number(watch?.query.get('timeoutSeconds')) >= 30);
});

const onWatch = (fault: Fault) => (request: ApiRequest) => (request.isWatch ? fault : undefined);
const onList = (fault: Fault) => (request: ApiRequest) => (request.isWatch ? undefined : fault);

const FAULTS: Readonly<Record<string, (request: ApiRequest) => Fault | undefined>> = {
  'the watch is reset': onWatch({ kind: 'reset' }),
  'the watch is cut in the middle of an event': onWatch({ kind: 'cut', after: 1 }),
  'the watch says something that is no JSON': onWatch({ kind: 'garbage', after: 1 }),
  'the watch is half open: no byte comes, and no end': onWatch({ kind: 'silent', after: 0 }),
  'the watch is never answered': onWatch({ kind: 'hang' }),
  'the watch is refused with 410': onWatch({ kind: 'status', status: 410 }),
  'the watch ends with an ERROR event of 410': onWatch({ kind: 'gone', after: 1 }),
  'the watch is refused with 503': onWatch({ kind: 'status', status: 503 }),
  'the watch is refused with 429': onWatch({ kind: 'status', status: 429, retryAfter: 1 }),
  'the watch is refused with 401': onWatch({ kind: 'status', status: 401 }),
  'the watch tells all twice, and old things again': onWatch({ kind: 'repeat' }),
  'the list is reset': onList({ kind: 'reset' }),
  'the list is never answered': onList({ kind: 'hang' }),
  'the list is refused with 503': onList({ kind: 'status', status: 503 }),
  'the list is refused with 429': onList({ kind: 'status', status: 429, retryAfter: 1 }),
  'the second page is too old': ({ query }) => (query.has('continue') ? { kind: 'status', status: 410 } : undefined),
  'everything is reset': () => ({ kind: 'reset' }),
};

test('whatever fails, the cache is what the server has soon after it is over', { concurrency: true }, async (all) => {
  const runs = Object.entries(FAULTS).map(([name, fault]) =>
    all.test(name, async (context) => {
      const api = await startFaultyApi(context, ...FIVE);
      let met = 0;
      api.setFault((request) => {
        const failing = fault(request);
        if (failing) met++;
        return failing;
      });
      const scene = await setScene(context, api);
      for (let round = 0; round < 4; round++) {
        api.put(service('a', `${round}`));
        api.drop(service(['b', 'c', 'd', 'e'][round] ?? ''));
        api.put(service(`new-${round}`));
        if (round === 1) api.compact();
        await sleep(60);
      }
      await until('requests that met the fault', () => met >= 2, 5000);
      api.setFault(undefined);
      api.put(service('last'));
      await until('the same on both sides', () => isSame(scene), 10_000);
      assert.equal(scene.informer.store.list().length, 6);
    }),
  );
  await Promise.all(runs);
});

test('while all fails the requests become rare, and Retry-After is heeded', async (context) => {
  const api = await startFaultyApi(context, ...FIVE);
  api.setFault(() => ({ kind: 'status', status: 429, retryAfter: 20 }));
  await setScene(context, api);
  await sleep(500);
  // 500 ms of the test are 25 s; without the header the backoff alone would have asked some seven times.
  assert.ok(api.requests.length <= 3, `${api.requests.length} requests`);
});

test('a relist after 410 is not repeated without a wait when the watch is too old again', async (context) => {
  const api = await startFaultyApi(context, ...FIVE);
  api.setFault(onWatch({ kind: 'status', status: 410 }));
  await setScene(context, api);
  await sleep(500);
  const lists = api.requests.filter(({ isWatch, query }) => !isWatch && !query.has('continue'));
  assert.ok(lists.length >= 3 && lists.length <= 12, `${lists.length} lists`);
});

test('silence is measured from the last thing that the server told', async (context) => {
  const scene = await setScene(context, await startFaultyApi(context, ...FIVE));
  await until('the first list', () => scene.informer.hasSynced());
  scene.api.setFault(() => ({ kind: 'hang' }));
  await until('silence', () => scene.informer.silentMs() > 60_000, 10_000);
  scene.api.setFault(undefined);
  await until('contact', () => scene.informer.silentMs() < 10_000, 10_000);
});

test('after the signal nothing is asked any more', async (context) => {
  const scene = await setScene(context, await startFaultyApi(context, ...FIVE));
  await until('the watch', () => scene.api.requests.some(({ isWatch }) => isWatch));
  scene.stop();
  const count = scene.api.requests.length;
  await sleep(200);
  assert.equal(scene.api.requests.length, count);
});

test('an expired token is replaced by the one that the kubelet has put there since', async (context) => {
  const api = await startFaultyApi(context, ...FIVE);
  const tokenFile = join(await makeTempDir(context), 'token');
  await writeFile(tokenFile, 'old');
  const cluster = loadKubeConfig(api).getCurrentCluster() ?? assert.fail();
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name: 'u', authProvider: { name: 'tokenFile', config: { tokenFile } } });
  api.setFault(({ authorization }) => (authorization === 'Bearer new' ? undefined : { kind: 'status', status: 401 }));
  const scene = await setScene(context, api, config);
  await until('a refusal', () => api.requests.length > 0);
  await writeFile(tokenFile, 'new');
  // The library reads the file once a minute.
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  await until('the list', () => isSame(scene), 10_000);
});
