// What the controller writes, against a real API server: certificates, server-side apply, status.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { ensureCertificates } from '../../src/controller/certificates.ts';
import { mintStorageSecret } from '../../src/controller/secrets.ts';
import { createKube, type Kube, KubeError, loadKubeConfig } from '../../src/kube/client.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { getObject, helm, kubectl, tryKubectl, waitFor } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';

const root = dirname(dirname(import.meta.dirname));
const silent = createLogger('test', { write: () => undefined });
let cluster: Cluster;
let kube: Kube;

before(async () => {
  cluster = await up({ apiOnly: true });
  kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
  await kubectl(cluster, ['create', 'namespace', SYSTEM_NAMESPACE]);
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
});

after(() => down({ apiOnly: true }));

test('the CA is put into both configurations without taking any other field from Helm', async () => {
  const template = ['template', 'walguard', join(root, 'chart'), '-n', SYSTEM_NAMESPACE];
  const rendered = await helm(cluster, [...template, '-s', 'templates/webhook-configurations.yaml']);
  await kubectl(cluster, ['apply', '--server-side', '--field-manager=helm', '-f', '-'], rendered);
  const options = {
    namespace: SYSTEM_NAMESPACE,
    secret: 'tls',
    service: 'walguard-webhook',
    configuration: 'walguard',
  };
  await ensureCertificates(kube, options, silent, new Date());
  const { data } = await getObject(cluster, SYSTEM_NAMESPACE, 'secret', 'tls');
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
    const { webhooks, metadata } = await getObject(cluster, 'default', kind, 'walguard');
    for (const { clientConfig } of webhooks) {
      assert.equal(clientConfig.caBundle, data['ca.crt']);
      assert.equal(clientConfig.service.name, 'walguard-webhook');
    }
    const before = metadata.resourceVersion;
    await ensureCertificates(kube, options, silent, new Date());
    assert.equal((await getObject(cluster, 'default', kind, 'walguard')).metadata.resourceVersion, before);
  }
  await kubectl(cluster, ['apply', '--server-side', '--field-manager=helm', '-f', '-'], rendered);
  const again = await getObject(cluster, 'default', 'mutatingwebhookconfiguration', 'walguard');
  assert.equal(again.webhooks[0].clientConfig.caBundle, data['ca.crt']);
});

test('storage credentials are minted once and never changed', async () => {
  await mintStorageSecret(kube, 'walguard-storage', SYSTEM_NAMESPACE, silent);
  const first = await getObject(cluster, SYSTEM_NAMESPACE, 'secret', 'walguard-storage');
  await mintStorageSecret(kube, 'walguard-storage', SYSTEM_NAMESPACE, silent);
  const second = await getObject(cluster, SYSTEM_NAMESPACE, 'secret', 'walguard-storage');
  assert.deepEqual(second.data, first.data);
  assert.deepEqual(Object.keys(first.data).sort(), ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
});

test('a Restore with a target that is no time, or without one, is refused by its schema', async () => {
  const restore = (spec: object) => ({
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'back', namespace: 'default' },
    spec,
  });
  const good = { source: { database: 'orders' }, destination: { statefulSet: 'orders-back' } };
  const isInvalid = (error: unknown) => error instanceof KubeError && error.status === 422;
  await assert.rejects(kube.create(restore({ ...good, target: {} })), isInvalid);
  await assert.rejects(kube.create(restore({ ...good, target: { time: 'yesterday' } })), isInvalid);
  await kube.create(restore({ ...good, target: { time: '2026-11-21T08:00:00Z' } }));
});

test('a Restore with a name too long for what is made from it is refused, and its spec cannot be changed', async () => {
  const long = 'o'.repeat(53);
  const manifest = (name: string, time: string) => `
apiVersion: walguard.dev/v1alpha1
kind: Restore
metadata: {name: ${name}, namespace: default}
spec: {source: {database: orders}, destination: {statefulSet: orders-back}, target: {time: "${time}"}}
`;
  const apply = (text: string) => tryKubectl(cluster, ['apply', '-f', '-'], text);
  assert.match((await apply(manifest(long, '2026-11-21T08:00:00Z'))).stderr, /at most 52 characters/);
  assert.equal((await apply(manifest('fixed', '2026-11-21T08:00:00.123456Z'))).code, 0);
  assert.match((await apply(manifest('fixed', '2026-11-21T09:00:00Z'))).stderr, /make another Restore/);
});

test('status is written apart from the object, and watches tell of changes', async () => {
  let changes = 0;
  const stop = new AbortController();
  const kind = { apiVersion: 'walguard.dev/v1alpha1', kind: 'ProtectedDatabase' };
  kube.watch(kind, () => changes++, stop.signal);
  const database = { ...kind, metadata: { name: 'orders', namespace: 'default' } };
  await kube.apply(database);
  await kube.applyStatus({ ...database, status: { policy: 'standard', conditions: [], instances: [] } });
  const stored = await getObject(cluster, 'default', 'protecteddatabase', 'orders');
  assert.equal(stored.status.policy, 'standard', stringify(stored));
  await waitFor('the watch to tell', async () => changes >= 2, { timeoutMs: 10_000 });
  stop.abort();
  assert.equal(await kube.get({ ...kind, metadata: { name: 'nothing', namespace: 'default' } }), undefined);
});

test('planned runs go from the status with the last of them', async () => {
  const metadata = { name: 'idle', namespace: 'default' };
  const database = { apiVersion: 'walguard.dev/v1alpha1', kind: 'ProtectedDatabase', metadata };
  await kube.apply(database);
  const status = { policy: 'standard', conditions: [], instances: [] };
  await kube.applyStatus({ ...database, status: { ...status, nextRuns: { baseBackup: '2026-11-22T04:00:00Z' } } });
  await kube.applyStatus({ ...database, status });
  const stored = await getObject(cluster, 'default', 'protecteddatabase', 'idle');
  assert.deepEqual([stored.status.policy, stored.status.nextRuns], ['standard', undefined]);
});
