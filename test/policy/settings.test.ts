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

test('all that a policy says of its store is kept, but for the rule that is offered for the bucket', () => {
  const serverSideEncryption = { algorithm: 'aws:kms', kmsKeyId: 'k' } as const;
  const s3 = { ...S3, caSecret: 'ca', serverSideEncryption, lifecycleRule: {} };
  const { storage } = resolveSettings('gold', {
    storage: { s3 },
    encryption: { method: 'libsodium', keySecret: 'key' },
  });
  assert.deepEqual(storage, {
    prefix: 's3://backups',
    region: 'us-east-1',
    forcePathStyle: false,
    credentialsSecret: 'login',
    caSecret: 'ca',
    serverSideEncryption,
    encryptionKeySecret: 'key',
  });
});

test('a volume is kept as such: the store in front of it has the name of the database', () => {
  const { storage } = resolveSettings('gold', { storage: { volume: { size: '10Gi' } } });
  assert.deepEqual(storage, { volume: { size: '10Gi' } });
});

test('drills and objectives are told in seconds, each drill with its defaults', () => {
  const { drills, objectives } = resolveSettings('gold', {
    storage: { s3: S3 },
    drills: [
      { name: 'weekly', schedule: '@weekly' },
      {
        name: 'late',
        schedule: '0 5 1 * *',
        timeZone: 'Europe/Berlin',
        target: 'lag',
        lag: '1d',
        namespace: 'dr',
        amcheck: false,
        checks: [{ name: 'orders', sql: 'SELECT 1', expect: '1' }],
        checksFrom: 'checks',
        timeout: '2h',
      },
    ],
    objectives: { rpo: '5m', rto: '1h', drillAge: '8d' },
  });
  assert.deepEqual(drills, [
    {
      name: 'weekly',
      schedule: '@weekly',
      timeZone: 'Etc/UTC',
      source: 'baseBackup',
      target: 'latest',
      amcheck: true,
      checks: [],
      timeoutSeconds: 21_600,
    },
    {
      name: 'late',
      schedule: '0 5 1 * *',
      timeZone: 'Europe/Berlin',
      source: 'baseBackup',
      target: 'lag',
      lagSeconds: 86_400,
      namespace: 'dr',
      amcheck: false,
      checks: [{ name: 'orders', database: 'postgres', sql: 'SELECT 1', expect: '1' }],
      checksFrom: 'checks',
      timeoutSeconds: 7200,
    },
  ]);
  assert.deepEqual(objectives, { rpoSeconds: 300, rtoSeconds: 3600, drillAgeSeconds: 691_200, onStaleDrill: 'warn' });
});

test('without drills and objectives there are none', () => {
  const settings = resolveSettings('gold', { storage: { s3: S3 }, drills: [] });
  assert.equal('drills' in settings || 'objectives' in settings, false);
});
