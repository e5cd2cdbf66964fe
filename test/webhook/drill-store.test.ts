// What reviews know of drills: from memory, as it is, and nothing at all once that may be out of date.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { API_VERSION } from '../../src/api/names.ts';
import type { Clock } from '../../src/kube/clock.ts';
import type { Feed, WatchEvent } from '../../src/kube/feed.ts';
import { followDrills } from '../../src/webhook/drill-store.ts';
import { until } from '../support/processes.ts';
import { createRecordedLog } from '../support/recorded-log.ts';

const GOOD = '2026-11-20T10:00:00Z';
const SINCE = '2026-11-01T10:00:00Z';

function database(name: string, version: string, status?: object): KubeObject {
  const metadata = { name, namespace: 'shop', uid: `uid-of-${name}`, resourceVersion: version };
  return { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata, ...(status ? { status } : {}) };
}

const STATUS = { policy: 'gold', drillsSince: SINCE, lastSuccessfulDrill: GOOD, instances: [{ pod: 'orders-0' }] };

function setScene(context: TestContext, items: readonly KubeObject[]) {
  const end = new AbortController();
  context.after(() => end.abort());
  const time = { ms: 0 };
  let next = Promise.withResolvers<WatchEvent>();
  const feed: Feed = {
    listPage: async () => ({ items, resourceVersion: '10', next: undefined }),
    follow: async function* () {
      for (;;) {
        const event = await next.promise;
        next = Promise.withResolvers();
        yield event;
      }
    },
  };
  const clock: Clock = { now: () => time.ms, sleep: () => new Promise(() => undefined) };
  const find = followDrills(feed, createRecordedLog().log, end.signal, clock);
  return { find, time, tell: (type: WatchEvent['type'], object: KubeObject) => next.resolve({ type, object }) };
}

test('of a database whose policy has drills three words are known, of any other nothing', async (context) => {
  const items = [database('orders', '1', STATUS), database('carts', '2', { policy: 'gold' }), database('new', '3')];
  const { find } = setScene(context, items);
  assert.equal(find('shop', 'orders'), undefined, 'before the first list');
  await until('it is known', () => find('shop', 'orders') !== undefined);
  assert.deepEqual(find('shop', 'orders'), { policy: 'gold', drillsSince: SINCE, lastSuccessfulDrill: GOOD });
  for (const name of ['carts', 'new', 'unheard-of']) assert.equal(find('shop', name), undefined, name);
  assert.equal(find('other', 'orders'), undefined);
});

test('a change is known at once, and what is gone is gone', async (context) => {
  const { find, tell } = setScene(context, [database('orders', '1', { policy: 'gold', drillsSince: SINCE })]);
  await until('it is known', () => find('shop', 'orders') !== undefined);
  tell('MODIFIED', database('orders', '11', STATUS));
  await until('its drill', () => find('shop', 'orders')?.lastSuccessfulDrill === GOOD);
  tell('DELETED', database('orders', '12', STATUS));
  await until('it is gone', () => find('shop', 'orders') === undefined);
});

test('while the API server is not heard of nothing is known: a drill may have been good since then', async (context) => {
  const { find, time, tell } = setScene(context, [database('orders', '1', STATUS)]);
  await until('it is known', () => find('shop', 'orders') !== undefined);
  time.ms = 120_000;
  assert.notEqual(find('shop', 'orders'), undefined);
  time.ms = 120_001;
  assert.equal(find('shop', 'orders'), undefined);
  tell('BOOKMARK', database('', '20'));
  await until('it is known', () => find('shop', 'orders') !== undefined);
});
