// The leading controller against an API server that fails: what health says of it, and how soon it acts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { settle, startCluster, startController, writesOf } from '../support/managed.ts';
import { until } from '../support/processes.ts';
import { buildDatabase, buildSidecarStatus } from '../support/world.ts';

test('a new StatefulSet has its companions within two seconds', async (context) => {
  const api = await startCluster(context);
  startController(context, api);
  await settle(api, 5);
  const { metadata, ...rest } = buildDatabase();
  api.put({ ...rest, metadata: { ...metadata, name: 'late', uid: 'uid-of-late' } });
  const has = (kind: string) =>
    api.objects().some((each) => each.kind === kind && each.metadata.name?.startsWith('late'));
  await until('its companions', () => has('CronJob') && has('Service') && has('ProtectedDatabase'), 2000);
});

test('without a list of every kind nothing is decided, and nothing is good', async (context) => {
  const api = await startCluster(context);
  // Jobs alone cannot be listed: a first base backup that is there already would be made once more.
  api.setFault(({ path }) => (path.endsWith('/jobs') ? { kind: 'status', status: 503 } : undefined));
  let good = 0;
  startController(context, api, buildSidecarStatus(), { noteGood: () => void good++ });
  await sleep(1500);
  assert.deepEqual([writesOf(api).length, good], [0, 0]);
  api.setFault(undefined);
  await settle(api, 5);
  assert.ok(good > 0);
});

test('a kind that is not heard of any more is noticed', { timeout: 30_000 }, async (context) => {
  const api = await startCluster(context);
  let good = 0;
  startController(context, api, buildSidecarStatus(), { noteGood: () => void good++ });
  await settle(api, 5);
  // Time is what informers go by: from now on it passes a thousand times as fast for them.
  const real = performance.now.bind(performance);
  const since = real();
  context.mock.method(performance, 'now', () => since + (real() - since) * 1000);
  api.setFault(({ path }) => (path.endsWith('/cronjobs') ? { kind: 'hang' } : undefined));
  await sleep(300);
  const before = good;
  await sleep(6000);
  assert.equal(good, before);
});

test('a database that the controller cannot act on does not stop another one', async (context) => {
  const { metadata, ...rest } = buildDatabase();
  const other = { ...rest, metadata: { ...metadata, name: 'other', uid: 'uid-of-other' } };
  const api = await startCluster(context, other);
  api.setFault(({ isWrite, path }) => (isWrite && path.includes('/orders') ? { kind: 'hang' } : undefined));
  startController(context, api);
  const has = (name: string) => api.objects().some((each) => each.kind === 'CronJob' && each.metadata.name === name);
  await until("the other's CronJob", () => has('other-0-base-backup'), 2000);
  assert.equal(has('orders-0-base-backup'), false);
});
