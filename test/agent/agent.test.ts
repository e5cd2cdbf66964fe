// What an agent knows and tells: its environment, its credentials, its usage.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runAgent } from '../../src/agent/agent.ts';
import { readContext } from '../../src/agent/context.ts';
import { buildConnectionEnv, buildEngineEnv, readCredentials } from '../../src/agent/storage.ts';
import { EXIT } from '../../src/api/names.ts';
import { captureOutput } from '../support/output.ts';
import { makeTempDir } from '../support/temp.ts';

const ENV = {
  WALGUARD_ENGINE: 'walrus',
  WALGUARD_NAMESPACE: 'shop',
  WALGUARD_DATABASE: 'orders',
  WALGUARD_POD: 'orders-0',
  WALGUARD_NODE: 'node-a',
  WALGUARD_STORAGE_PREFIX: 's3://backups',
  PGDATA: '/data',
};

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };

test('the environment is read once; login is postgres on this host where nothing else is said', () => {
  const { connection, namespace, database, pod, node, pgdata, policyPrefix, engine } = readContext('sidecar', ENV);
  assert.deepEqual(connection, { host: '127.0.0.1', port: 5432, user: 'postgres', password: undefined });
  assert.deepEqual([namespace, database, pod, node], ['shop', 'orders', 'orders-0', 'node-a']);
  assert.deepEqual([pgdata, policyPrefix, engine.id], ['/data', 's3://backups', 'walrus']);
  const login = { PGHOST: 'orders-0-walguard', PGPORT: '5433', POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'pw' };
  assert.deepEqual(readContext('base-backup', { ...ENV, ...login }).connection, {
    host: 'orders-0-walguard',
    port: 5433,
    user: 'shop',
    password: 'pw',
  });
});

for (const name of ['WALGUARD_NAMESPACE', 'WALGUARD_DATABASE', 'WALGUARD_POD', 'WALGUARD_STORAGE_PREFIX', 'PGDATA']) {
  test(`a missing or empty ${name} is an error that names it`, () => {
    const { [name as keyof typeof ENV]: _left, ...rest } = ENV;
    for (const env of [rest, { ...ENV, [name]: '' }])
      assert.throws(() => readContext('sidecar', env), new RegExp(name));
  });
}

test('credentials are there when both files are, without the white space around them, and read anew each time', async (context) => {
  const directory = await makeTempDir(context);
  const put = (name: string, text: string) => writeFileSync(join(directory, name), text);
  assert.equal(await readCredentials(directory), undefined);
  put('AWS_ACCESS_KEY_ID', 'id\n');
  assert.equal(await readCredentials(directory), undefined);
  put('AWS_SECRET_ACCESS_KEY', ' \n');
  assert.equal(await readCredentials(directory), undefined);
  put('AWS_SECRET_ACCESS_KEY', ' key\n');
  assert.deepEqual(await readCredentials(directory), CREDENTIALS);
  put('AWS_SECRET_ACCESS_KEY', 'rotated');
  assert.equal((await readCredentials(directory))?.AWS_SECRET_ACCESS_KEY, 'rotated');
});

test('no credentials are no error where the directory is missing', async (context) => {
  assert.equal(await readCredentials(join(await makeTempDir(context), 'absent')), undefined);
});

test("the engine sees storage, limits and credentials, but nothing of the database's login", () => {
  const env = {
    ...ENV,
    AWS_REGION: 'eu',
    AWS_SECRET_ACCESS_KEY: "the database's own",
    WALG_S3_PREFIX: 's3://elsewhere',
    WALG_UPLOAD_CONCURRENCY: '4',
    GOMEMLIMIT: '256MiB',
    HOME: '/h',
    USER: 'postgres',
    PATH: '/bin',
    POSTGRES_PASSWORD: 'pw',
    PGPASSWORD: 'pw',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
  };
  assert.deepEqual(buildEngineEnv(readContext('sidecar', env), 's3://backups/own', CREDENTIALS), {
    PGDATA: '/data',
    AWS_REGION: 'eu',
    WALG_UPLOAD_CONCURRENCY: '4',
    GOMEMLIMIT: '256MiB',
    HOME: '/h',
    USER: 'postgres',
    PATH: '/bin',
    ...CREDENTIALS,
    WALG_S3_PREFIX: 's3://backups/own',
    NO_COLOR: '1',
  });
});

test('SQL access is given in the variables of libpq, the password only where there is one', () => {
  const context = readContext('base-backup', { ...ENV, PGHOST: 'db', POSTGRES_PASSWORD: 'pw' });
  const expected = { PGHOST: 'db', PGPORT: '5432', PGUSER: 'postgres', PGDATABASE: 'postgres', PGPASSWORD: 'pw' };
  assert.deepEqual(buildConnectionEnv(context), expected);
  assert.equal('PGPASSWORD' in buildConnectionEnv(readContext('base-backup', ENV)), false);
});

test('an unknown companion is wrong usage, and those that exist are listed', async () => {
  const { result, stderr } = await captureOutput(() => runAgent(['backup'], {}, new AbortController().signal));
  assert.equal(result, EXIT.usage);
  assert.match(stderr, /no such companion "backup"; there are sidecar, base-backup, restore/);
});
