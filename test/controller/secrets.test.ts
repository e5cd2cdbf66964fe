import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { copySecret, listSecretNames, mayGoTo, mintStorageSecret } from '../../src/controller/secrets.ts';
import { inject } from '../../src/inject/inject.ts';
import { strip } from '../../src/inject/strip.ts';
import { KubeError } from '../../src/kube/client.ts';
import { resolveSettings } from '../../src/policy/settings.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { IMAGE } from '../support/workloads.ts';
import { buildDatabase, POLICY } from '../support/world.ts';

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

const copy = (kube: ReturnType<typeof createFakeKube>) => copySecret(kube, SOURCE, 'shop', createRecordedLog().log);

test('a copy is ours, and made only once', async () => {
  const kube = createFakeKube();
  await copy(kube);
  assert.deepEqual(
    kube.writes.map(({ verb, object }) => [verb, object.metadata.namespace, object.data, object.metadata.labels]),
    [['apply', 'shop', SOURCE.data, OURS]],
  );
  await copy(kube);
  assert.equal(kube.writes.length, 1);
});

test('a copy of ours follows its source', async () => {
  const kube = createFakeKube(secret('shop', { AWS_ACCESS_KEY_ID: 'b2xk' }, OURS));
  await copy(kube);
  assert.deepEqual(kube.writes[0]?.object.data, SOURCE.data);
});

test('a copy goes with its owners, and stays for good once a database needs it', async () => {
  const kube = createFakeKube();
  const owner = (uid: string) => ({ apiVersion: 'batch/v1', kind: 'CronJob', name: 'drill', uid });
  const { log } = createRecordedLog();
  const owners = () => (kube.objects[0]?.metadata.ownerReferences ?? []).map(({ uid }) => uid);
  await copySecret(kube, SOURCE, 'dr', log, [owner('a'), owner('b')]);
  assert.deepEqual(owners(), ['a', 'b']);
  await copySecret(kube, SOURCE, 'dr', log, [owner('b'), owner('a')]);
  assert.equal(kube.writes.length, 1);
  await copySecret(kube, SOURCE, 'dr', log, [owner('b')]);
  assert.deepEqual(owners(), ['b']);
  await copySecret(kube, SOURCE, 'dr', log);
  assert.deepEqual(owners(), []);
  await copySecret(kube, SOURCE, 'dr', log);
  assert.equal(kube.writes.length, 3);
});

test("a user's own Secret of that name is never overwritten", async () => {
  const kube = createFakeKube(secret('shop', { AWS_ACCESS_KEY_ID: 'bWluZQ==' }, { team: 'shop' }));
  await copy(kube);
  assert.deepEqual(kube.writes, []);
});

// | walguard.dev/copy-to of the source | may go to shop |
const COPY_TO: readonly (readonly [annotation: string | undefined, expected: boolean])[] = [
  [undefined, false],
  ['', false],
  ['shop', true],
  ['bank, shop', true],
  ['bank', false],
  ['shop-two,myshop', false],
  ['shop*', false],
  ['*', true],
  ['bank,*', true],
];

for (const [annotation, expected] of COPY_TO) {
  test(`a Secret with copy-to ${JSON.stringify(annotation)} may ${expected ? '' : 'not '}go to shop`, () => {
    const annotations = annotation === undefined ? {} : { 'walguard.dev/copy-to': annotation };
    assert.equal(mayGoTo({ ...SOURCE, metadata: { ...SOURCE.metadata, annotations } }, 'shop'), expected);
  });
}

const s3 = { prefix: 's3://backups', credentialsSecret: 'login', caSecret: 'ca' };
const ENCRYPTED = {
  ...POLICY,
  spec: { storage: { s3 }, encryption: { method: 'libsodium', keySecret: 'key' } as const },
};
const VOLUME = { ...POLICY, spec: { storage: { volume: { size: '20Gi' } } } };

function injectedUnder({ spec }: typeof ENCRYPTED | typeof VOLUME) {
  const injection = inject(strip(buildDatabase()), resolveSettings('standard', spec), IMAGE);
  assert.ok(injection.kind === 'injected');
  return injection.workload;
}

test('the Secrets that a database needs are those that its policy names', () => {
  const other = { ...ENCRYPTED, metadata: { name: 'other' }, spec: { storage: { s3: { ...s3, caSecret: 'x' } } } };
  assert.deepEqual(listSecretNames([strip(buildDatabase())], [ENCRYPTED, other]), ['login', 'ca', 'key']);
  assert.deepEqual(listSecretNames([strip(buildDatabase())], [VOLUME]), []);
});

test('and those that it is injected with, until its next rollout', () => {
  assert.deepEqual(listSecretNames([injectedUnder(ENCRYPTED)], [VOLUME]), ['login', 'ca', 'key']);
  assert.deepEqual(listSecretNames([buildDatabase()], [ENCRYPTED]), ['login', 'ca', 'key', 'walguard-storage']);
  assert.deepEqual(listSecretNames([injectedUnder(VOLUME)], [VOLUME]), ['orders-repository']);
});
