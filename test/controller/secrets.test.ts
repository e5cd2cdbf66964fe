import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { copyStorageSecret, mintStorageSecret } from '../../src/controller/secrets.ts';
import { KubeError } from '../../src/kube/client.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { buildWorkload } from '../support/workloads.ts';
import { buildDatabase, buildWorld } from '../support/world.ts';

const NAME = 'walguard-storage';
const FROM = 'walguard-system';
const OURS = { 'app.kubernetes.io/managed-by': 'walguard' };

function secret(namespace: string, data: Record<string, string>, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: NAME, namespace, labels }, data };
}

const SOURCE = secret(FROM, { AWS_ACCESS_KEY_ID: 'aWQ=', AWS_SECRET_ACCESS_KEY: 'a2V5' });

test('credentials are minted once, with both keys the engines read, long enough, and never shown in the log', async () => {
  const kube = createFakeKube();
  const { log, text } = createRecordedLog();
  await mintStorageSecret(kube, NAME, FROM, log);
  const data = kube.objects[0]?.stringData as Record<string, string>;
  assert.deepEqual(Object.keys(data).sort(), ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
  assert.ok((data.AWS_SECRET_ACCESS_KEY ?? '').length >= 32);
  for (const value of Object.values(data)) assert.ok(!text().includes(value), 'a credential is in the log');
  await mintStorageSecret(kube, NAME, FROM, log);
  assert.equal(kube.writes.length, 1);
});

test('no two installations get the same credentials', async () => {
  const mint = async () => {
    const kube = createFakeKube();
    await mintStorageSecret(kube, NAME, FROM, createRecordedLog().log);
    return JSON.stringify(kube.objects[0]?.stringData);
  };
  assert.notEqual(await mint(), await mint());
});

test('a Secret that is there is never changed, whatever it holds', async () => {
  const kube = createFakeKube(secret(FROM, { mine: 'eA==' }));
  await mintStorageSecret(kube, NAME, FROM, createRecordedLog().log);
  assert.deepEqual(kube.writes, []);
});

test('a replica that was faster is no error, any other error is', async () => {
  const kube = createFakeKube();
  const refusing = (status: number) => ({ ...kube, create: () => Promise.reject(new KubeError(status, 'no')) });
  await mintStorageSecret(refusing(409), NAME, FROM, createRecordedLog().log);
  await assert.rejects(mintStorageSecret(refusing(403), NAME, FROM, createRecordedLog().log), KubeError);
});

const world = buildWorld();
const copy = (kube: ReturnType<typeof createFakeKube>, from = FROM, inWorld = world) =>
  copyStorageSecret(kube, NAME, from, inWorld, createRecordedLog().log);

test('credentials are copied to where a database names a policy, as ours, and only once', async () => {
  const kube = createFakeKube(SOURCE);
  await copy(kube);
  assert.deepEqual(
    kube.writes.map(({ verb, object }) => [verb, object.metadata.namespace, object.data, object.metadata.labels]),
    [['apply', 'shop', SOURCE.data, OURS]],
  );
  await copy(kube);
  assert.equal(kube.writes.length, 1);
});

test('a copy of ours follows its source', async () => {
  const kube = createFakeKube(SOURCE, secret('shop', { AWS_ACCESS_KEY_ID: 'b2xk' }, OURS));
  await copy(kube);
  assert.deepEqual(kube.writes[0]?.object.data, SOURCE.data);
});

test("a user's own Secret of that name is never overwritten", async () => {
  const kube = createFakeKube(SOURCE, secret('shop', { AWS_ACCESS_KEY_ID: 'bWluZQ==' }, { team: 'shop' }));
  await copy(kube);
  assert.deepEqual(kube.writes, []);
});

test('nothing is copied to namespaces whose databases name no policy, nor onto the source itself', async () => {
  const kube = createFakeKube(SOURCE, secret('shop', { a: 'b' }));
  await copy(kube, FROM, buildWorld({ statefulSets: [buildWorkload()] }));
  await copy(createFakeKube(SOURCE), 'shop');
  const own = buildDatabase(({ metadata }) => void Object.assign(metadata, { namespace: FROM }));
  await copy(kube, FROM, buildWorld({ statefulSets: [own] }));
  assert.deepEqual(kube.writes, []);
});

test('without a source nothing is copied', async () => {
  const kube = createFakeKube();
  await copy(kube);
  assert.deepEqual(kube.writes, []);
});

test('two databases in one namespace are one copy', async () => {
  const second = buildDatabase(({ metadata }) => void Object.assign(metadata, { name: 'second' }));
  const kube = createFakeKube(SOURCE);
  await copy(kube, FROM, buildWorld({ statefulSets: [buildDatabase(), second] }));
  assert.equal(kube.writes.length, 1);
});
