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
  WALGUARD_FLAVOUR: 'docker-library',
  PGDATA: '/data',
};

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };

test('the environment is read once; login is postgres on this host where nothing else is said', () => {
  const { connection, namespace, database, pod, node, pgdata, policyPrefix, engine } = readContext('sidecar', ENV);
  assert.deepEqual(connection, { host: '127.0.0.1', port: 5432, user: 'postgres' });
  assert.deepEqual([namespace, database, pod, node], ['shop', 'orders', 'orders-0', 'node-a']);
  assert.deepEqual([pgdata, policyPrefix, engine.id], ['/data', 's3://backups', 'walrus']);
});

const LOGINS: readonly (readonly [name: string, env: NodeJS.ProcessEnv, connection: object])[] = [
  [
    'host and port are those that walguard was told',
    { WALGUARD_PGHOST: 'orders-0-walguard', WALGUARD_PGPORT: '5433' },
    { host: 'orders-0-walguard', port: 5433, user: 'postgres' },
  ],
  [
    'host and port of a client of the user are not ours',
    { PGHOST: 'elsewhere', PGPORT: '6432', PGUSER: 'app', PGPASSWORD: 'app' },
    { host: '127.0.0.1', port: 5432, user: 'postgres' },
  ],
  [
    'docker-library',
    { POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'pw' },
    { host: '127.0.0.1', port: 5432, user: 'shop', password: 'pw' },
  ],
  [
    'docker-library, and a password in a file',
    { POSTGRES_PASSWORD_FILE: '/run/secrets/pw' },
    { host: '127.0.0.1', port: 5432, user: 'postgres', passwordFile: '/run/secrets/pw' },
  ],
  [
    "bitnami, with a user of its own: the superuser's password",
    { WALGUARD_FLAVOUR: 'bitnami', POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'a', POSTGRES_POSTGRES_PASSWORD: 'b' },
    { host: '127.0.0.1', port: 5432, user: 'postgres', password: 'b' },
  ],
  [
    'patroni',
    { WALGUARD_FLAVOUR: 'patroni', PATRONI_SUPERUSER_USERNAME: 'super', PATRONI_SUPERUSER_PASSWORD: 'pw' },
    { host: '127.0.0.1', port: 5432, user: 'super', password: 'pw' },
  ],
  [
    'references that Kubernetes found nothing for are none',
    { POSTGRES_USER: '$(PATRONI_SUPERUSER_USERNAME)', POSTGRES_PASSWORD: '$(NOTHING)', DB_PASSWORD: 'pw' },
    { host: '127.0.0.1', port: 5432, user: 'postgres', password: 'pw' },
  ],
];

for (const [name, env, connection] of LOGINS) {
  test(`login: ${name}`, () => {
    assert.deepEqual(readContext('sidecar', { ...ENV, ...env }).connection, connection);
  });
}

test('a flavour that is not known is said, with those that are', () => {
  assert.throws(
    () => readContext('sidecar', { ...ENV, WALGUARD_FLAVOUR: 'cloud' }),
    /WALGUARD_FLAVOUR is "cloud"; there are patroni, bitnami, docker-library/,
  );
});

/** | PGDATA | WALGUARD_PGDATA | looked at | */
const DIRECTORIES = [
  ['/data', undefined, '/data'],
  ['/data/', undefined, '/data'],
  [undefined, '/default', '/default'],
  ['', '/default', '/default'],
  ['/from-a-source', '/default', '/from-a-source'],
] as const;

for (const [pgdata, fallback, expected] of DIRECTORIES) {
  test(`PGDATA ${pgdata ?? 'unset'}, and ${fallback ?? 'nothing'} otherwise: ${expected}, for the engine too`, () => {
    const context = readContext('sidecar', { ...ENV, PGDATA: pgdata, WALGUARD_PGDATA: fallback });
    assert.equal(context.pgdata, expected);
    assert.equal(buildEngineEnv(context, 's3://b', CREDENTIALS).PGDATA, expected);
  });
}

for (const name of [
  'WALGUARD_NAMESPACE',
  'WALGUARD_DATABASE',
  'WALGUARD_POD',
  'WALGUARD_STORAGE_PREFIX',
  'WALGUARD_FLAVOUR',
  'PGDATA',
]) {
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

test('SQL access is given in the variables of libpq, the password only where there is one', async (context) => {
  const login = { WALGUARD_PGHOST: 'db', POSTGRES_PASSWORD: 'pw', PGSSLMODE: 'disable' };
  const expected = { PGHOST: 'db', PGPORT: '5432', PGUSER: 'postgres', PGDATABASE: 'postgres', PGPASSWORD: 'pw' };
  assert.deepEqual(await buildConnectionEnv(readContext('base-backup', { ...ENV, ...login })), expected);
  assert.equal('PGPASSWORD' in (await buildConnectionEnv(readContext('base-backup', ENV))), false);
  const file = join(await makeTempDir(context), 'password');
  const fromFile = readContext('base-backup', { ...ENV, POSTGRES_PASSWORD_FILE: file });
  writeFileSync(file, 'one\n');
  assert.equal((await buildConnectionEnv(fromFile)).PGPASSWORD, 'one');
  writeFileSync(file, 'rotated');
  assert.equal((await buildConnectionEnv(fromFile)).PGPASSWORD, 'rotated');
});

test('an unknown companion is wrong usage, and those that exist are listed', async () => {
  const { result, stderr } = await captureOutput(() => runAgent(['backup'], {}, new AbortController().signal));
  assert.equal(result, EXIT.usage);
  assert.match(stderr, /no such companion "backup"; there are sidecar, base-backup, .*restore/);
});
