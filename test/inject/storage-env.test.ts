import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIDECAR } from '../../src/api/names.ts';
import { inject } from '../../src/inject/inject.ts';
import { readInjectedStorage } from '../../src/inject/storage-env.ts';
import { strip } from '../../src/inject/strip.ts';
import type { BucketSettings, Settings } from '../../src/policy/settings.ts';
import { CASES } from '../support/cases.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

const STORAGES: Readonly<Record<string, BucketSettings>> = {
  'all that can be asked of a store': {
    prefix: 's3://a-bucket',
    region: 'eu-central-1',
    forcePathStyle: false,
    credentialsSecret: 'own',
    caSecret: 'own-ca',
    encryptionKeySecret: 'own',
    serverSideEncryption: { algorithm: 'aws:kms', kmsKeyId: 'arn:aws:kms:eu-central-1:1:key/2' },
  },
  'a bucket of AWS': {
    prefix: 's3://a-bucket',
    region: 'eu-central-1',
    forcePathStyle: false,
    credentialsSecret: 'own',
  },
  'another server': {
    prefix: 's3://walguard/deep',
    endpoint: 'http://store.test:7070',
    region: 'us-east-1',
    forcePathStyle: true,
    credentialsSecret: 'walguard-storage',
  },
};

for (const [name, storage] of Object.entries(STORAGES)) {
  test(`what injection wrote of ${name} is read back from every shape`, () => {
    for (const [shape, build] of Object.entries(CASES)) {
      const injection = inject(build(), { ...SETTINGS, storage }, IMAGE);
      assert.ok(injection.kind === 'injected', shape);
      assert.deepEqual(readInjectedStorage(injection.workload), storage, shape);
      assert.equal(readInjectedStorage(strip(injection.workload)), undefined);
    }
  });
}

/** The sidecar's variables, as injected with this storage. */
function envOf(storage: Settings['storage']): Readonly<Record<string, string | undefined>> {
  const injection = inject(buildWorkload(), { ...SETTINGS, storage }, IMAGE);
  assert.ok(injection.kind === 'injected');
  const sidecar = injection.workload.spec.template.spec.initContainers?.find(({ name }) => name === SIDECAR);
  return Object.fromEntries((sidecar?.env ?? []).map(({ name, value }) => [name, value]));
}

test('encryption is asked for by the path of a key: an engine that finds none there refuses to write', () => {
  const { WALG_LIBSODIUM_KEY_PATH, WALG_LIBSODIUM_KEY_TRANSFORM, ...rest } = envOf({
    ...SETTINGS.storage,
    encryptionKeySecret: 'archive-key',
  });
  assert.deepEqual(
    [WALG_LIBSODIUM_KEY_PATH, WALG_LIBSODIUM_KEY_TRANSFORM],
    ['/walguard-storage/encryption-key', 'hex'],
  );
  assert.equal(rest.WALG_LIBSODIUM_KEY, undefined);
  assert.ok(!Object.keys(envOf(SETTINGS.storage)).some((name) => name.startsWith('WALG_LIBSODIUM')));
});

test("encryption by the store and its own CA are the engines' variables", () => {
  const serverSideEncryption = { algorithm: 'aws:kms', kmsKeyId: 'k' } as const;
  const env = envOf({ ...SETTINGS.storage, serverSideEncryption, caSecret: 'ca' });
  assert.deepEqual(
    [env.WALG_S3_SSE, env.WALG_S3_SSE_KMS_ID, env.SSL_CERT_FILE],
    ['aws:kms', 'k', '/walguard-storage/store-ca.crt'],
  );
});

test('a volume is reached through the S3 server in front of it, which has the name of the database', () => {
  const env = envOf({ volume: { size: '10Gi' } });
  assert.deepEqual(
    [env.WALGUARD_STORAGE_PREFIX, env.AWS_ENDPOINT, env.AWS_S3_FORCE_PATH_STYLE],
    ['s3://walguard', 'http://orders-repository:7070', 'true'],
  );
});
