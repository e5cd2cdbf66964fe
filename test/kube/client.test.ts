import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { createKube, currentNamespace, KubeError, loadKubeConfig } from '../../src/kube/client.ts';
import { startStandIn } from '../support/api-server.ts';
import { until } from '../support/processes.ts';

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'shop' } };

test('an object comes back as the JSON that the server sent, with every field', async (context) => {
  const object = {
    ...SECRET,
    futureField: { deep: [1, null] },
    metadata: { ...SECRET.metadata, creationTimestamp: '2026-11-21T10:00:00.123456Z' },
  };
  const server = await startStandIn(context, () => [200, object]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  assert.deepEqual(await kube.get(SECRET), object);
  const [asked] = server.asked;
  assert.deepEqual([asked?.method, asked?.path], ['GET', '/api/v1/namespaces/shop/secrets/a']);
  assert.equal(asked?.headers.authorization, 'Bearer the-token');
});

test('an object that is not there is undefined; every other failure is an error with code and message', async (context) => {
  let status = 404;
  const body = { kind: 'Status', message: 'secrets "a" is what it is', details: { kind: 'secrets', name: 'a' } };
  const server = await startStandIn(context, () => [status, body]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  assert.equal(await kube.get(SECRET), undefined);
  for (status of [401, 403, 409, 500]) {
    await assert.rejects(kube.get(SECRET), (error: KubeError) => {
      assert.ok(error instanceof KubeError);
      assert.equal(error.status, status);
      assert.equal(error.message, 'GET /api/v1/namespaces/shop/secrets/a: secrets "a" is what it is');
      assert.equal(error.isDenial, false);
      return true;
    });
  }
});

test('what a webhook denies is told in its words alone, and is no missing right', async (context) => {
  const message = 'admission webhook "w" denied the request: too early';
  const server = await startStandIn(context, () => [403, { kind: 'Status', message, reason: 'Forbidden' }]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  await assert.rejects(kube.create(SECRET), (error: KubeError) => error.isDenial && error.message === message);
});

test('a failure that is no JSON is told in its own words, but not for ever', async (context) => {
  const server = await startStandIn(context, () => [502, `bad gateway ${'x'.repeat(5000)}`]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  await assert.rejects(
    kube.get(SECRET),
    (error: KubeError) => error.message.includes('bad gateway') && error.message.length < 300,
  );
});

test('items of a list get the version and kind that the server leaves out', async (context) => {
  const server = await startStandIn(context, () => [
    200,
    { items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' }, x: 1 }] },
  ]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  const kind = { apiVersion: 'batch/v1', kind: 'Job' };
  assert.deepEqual(await kube.list(kind), [
    { ...kind, metadata: { name: 'a' } },
    { ...kind, metadata: { name: 'b' }, x: 1 },
  ]);
  await kube.list(kind, { namespace: 'shop' });
  await kube.list(kind, { labelSelector: 'app.kubernetes.io/managed-by=walguard' });
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    [
      '/apis/batch/v1/jobs',
      '/apis/batch/v1/namespaces/shop/jobs',
      '/apis/batch/v1/jobs?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dwalguard',
    ],
  );
});

test('create posts to the collection, replace puts; apply and applyStatus are server-side applies by one field manager', async (context) => {
  const server = await startStandIn(context, ({ body }) => [200, body]);
  const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
  const database = {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'ProtectedDatabase',
    metadata: { name: 'o', namespace: 'shop' },
  };
  assert.deepEqual(await kube.create(SECRET), SECRET);
  assert.deepEqual(await kube.replace(SECRET), SECRET);
  await kube.apply(SECRET);
  await kube.applyStatus({ ...database, status: { policy: 'p' } });
  assert.deepEqual(
    server.asked.map(({ method, path, headers }) => [method, path, headers['content-type']]),
    [
      ['POST', '/api/v1/namespaces/shop/secrets', 'application/json'],
      ['PUT', '/api/v1/namespaces/shop/secrets/a?fieldManager=walguard', 'application/json'],
      ['PATCH', '/api/v1/namespaces/shop/secrets/a?fieldManager=walguard&force=true', 'application/apply-patch+yaml'],
      [
        'PATCH',
        '/apis/walguard.dev/v1alpha1/namespaces/shop/protecteddatabases/o/status?fieldManager=walguard&force=true',
        'application/apply-patch+yaml',
      ],
    ],
  );
  assert.deepEqual(server.asked[2]?.body, SECRET);
});

test('a call ends with the signal or at its time, whichever is first', async (context) => {
  const server = await startStandIn(context, () => undefined);
  const config = loadKubeConfig({ kubeconfig: server.kubeconfig });
  await assert.rejects(createKube(config, { timeoutMs: 50 }).get(SECRET), { name: 'TimeoutError' });
  const stop = new AbortController();
  const asked = createKube(config, { signal: stop.signal }).get(SECRET);
  await until('the call', () => server.asked.length === 2);
  stop.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await assert.rejects(createKube(config, { signal: stop.signal }).get(SECRET), { name: 'AbortError' });
  assert.equal(server.asked.length, 2, 'after the signal nothing is asked at all');
});

test('watches', { concurrency: true }, async (each) => {
  // At the same time, because each waits a second before it tries again.
  await Promise.all([
    each.test(
      'a watch calls back on each event, comes again when it breaks, and ends with the signal',
      async (context) => {
        const server = await startStandIn(context, ({ path }, response) => {
          if (!path.includes('watch=true')) return [404, {}];
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(`${JSON.stringify({ type: 'ADDED', object: { ...SECRET } })}\n`);
          return undefined;
        });
        const stop = new AbortController();
        let calls = 0;
        const onChange = () => {
          calls++;
        };
        const kube = createKube(loadKubeConfig({ kubeconfig: server.kubeconfig }));
        kube.watch({ apiVersion: 'v1', kind: 'Secret' }, onChange, stop.signal);
        await until('a second connection', () => server.asked.length >= 2);
        stop.abort();
        assert.ok(calls >= 2, 'once for the event, once because something may have been missed');
        assert.match(server.asked[0]?.path ?? '', /^\/api\/v1\/secrets\?.*watch=true/);
      },
    ),
    each.test(
      'a watch of one object asks for its name, hands the object on, and nothing when it broke',
      async (context) => {
        const server = await startStandIn(context, (_asked, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(`${JSON.stringify({ type: 'MODIFIED', object: SECRET })}\n`);
          return undefined;
        });
        const stop = new AbortController();
        const told: unknown[] = [];
        createKube(loadKubeConfig({ kubeconfig: server.kubeconfig })).watch(
          SECRET,
          (object) => told.push(object),
          stop.signal,
        );
        await until('the end of the connection', () => told.length >= 2);
        stop.abort();
        assert.deepEqual(told.slice(0, 2), [SECRET, undefined]);
        const path = /^\/api\/v1\/namespaces\/shop\/secrets\?watch=true&.*&fieldSelector=metadata.name%3Da$/;
        assert.match(server.asked[0]?.path ?? '', path);
      },
    ),
    each.test('a watch whose credentials cannot be had tries again, instead of ending the process', async () => {
      const config = new KubeConfig();
      // Plain http to a server that should be verified: refused before anything is sent.
      config.loadFromClusterAndUser({ name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: false }, { name: 'u' });
      const stop = new AbortController();
      let calls = 0;
      createKube(config).watch(
        { apiVersion: 'v1', kind: 'Secret' },
        () => {
          calls++;
          stop.abort();
        },
        stop.signal,
      );
      await until('another look', () => calls > 0);
    }),
  ]);
});

test('the namespace is that of the context, or default', async (context) => {
  const { kubeconfig } = await startStandIn(context, () => [200, {}]);
  assert.equal(currentNamespace(loadKubeConfig({ kubeconfig })), 'shop');
  assert.equal(currentNamespace(loadKubeConfig({ kubeconfig, context: 'bare' })), 'default');
});

test('a context that does not exist leaves no cluster, and that is said', async (context) => {
  const { kubeconfig } = await startStandIn(context, () => [200, {}]);
  const kube = createKube(loadKubeConfig({ kubeconfig, context: 'nowhere' }));
  await assert.rejects(kube.get(SECRET), /no Kubernetes cluster is configured/);
});
