import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings } from '../../src/policy/settings.ts';

const S3 = { prefix: 's3://backups', credentialsSecret: 'login' };

test('a policy that says only where gets every default', () => {
  assert.deepEqual(resolveSettings('gold', { storage: { s3: S3 } }), {
    policy: 'gold',
    storage: { prefix: 's3://backups', region: 'us-east-1', forcePathStyle: false, credentialsSecret: 'login' },
    archive: { timeoutSeconds: 60, compression: 'lz4', onStorageFull: 'block' },
    baseBackup: {
      schedule: '17 2 * * *',
      timeZone: 'Etc/UTC',
      timeoutSeconds: 21_600,
      method: 'node',
      from: 'primary',
      deltaSteps: 0,
    },
  });
});

test('empty sections get the same defaults as absent ones', () => {
  assert.deepEqual(
    resolveSettings('gold', { storage: { s3: S3 }, archive: {}, baseBackup: {} }),
    resolveSettings('gold', { storage: { s3: S3 } }),
  );
});

test('what a policy says wins over every default', () => {
  const spec = {
    storage: { s3: { ...S3, prefix: 's3://backups/c', endpoint: 'https://s', region: 'eu', forcePathStyle: true } },
    archive: { timeout: '5m', compression: 'zstd' as const },
    baseBackup: { schedule: '0 4 * * 0', timeZone: 'Europe/Berlin', timeout: '1d' },
  };
  assert.deepEqual(resolveSettings('gold', spec), {
    policy: 'gold',
    storage: {
      prefix: 's3://backups/c',
      endpoint: 'https://s',
      region: 'eu',
      forcePathStyle: true,
      credentialsSecret: 'login',
    },
    archive: { timeoutSeconds: 300, compression: 'zstd', onStorageFull: 'block' },
    baseBackup: {
      schedule: '0 4 * * 0',
      timeZone: 'Europe/Berlin',
      timeoutSeconds: 86_400,
      method: 'node',
      from: 'primary',
      deltaSteps: 0,
    },
  });
});

test('what would have to be kept elsewhere or open is no setting but a reason', () => {
  const volume = resolveSettings('gold', { storage: { volume: { size: '10Gi' } } });
  const encryption = { method: 'libsodium', keySecret: 'key' } as const;
  const encrypted = resolveSettings('gold', { storage: { s3: S3 }, encryption });
  for (const [settings, field] of [
    [volume, 'spec.storage.volume'],
    [encrypted, 'spec.encryption'],
  ] as const) {
    assert.ok(!('storage' in settings));
    assert.deepEqual(
      settings.map((reason) => `${reason.code} ${reason.field}`),
      [`not-yet-possible ${field}`],
    );
  }
});
