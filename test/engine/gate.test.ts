// Law: whoever can run programs as Postgres gets neither the storage credentials nor the encryption key through the sockets that
// the database reaches. Everything here is asked by the client that is in the database container, of a sidecar as it ships.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, type Stats } from 'node:fs';
import { chown, cp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ARCHIVE_SOCKET,
  RECOVERY_SOCKET,
  RESTORE_RECORD,
  RESTORE_RECORD_DONE,
  SHARED_DIR,
  STORAGE_DIR,
} from '../../src/api/names.ts';
import { CLIENT } from '../../src/tools/engine.ts';
import { until } from '../support/processes.ts';
import {
  ARCHIVE_ARGUMENTS,
  adoptPostgres,
  closeSegments,
  engineEnv,
  engineTest,
  mountCredentials,
  POSTGRES_ID,
  type Pod,
  type Postgres,
  prefixOf,
  restoreInto,
  restoreTo,
  runEngine,
  runJob,
  startPod,
  startSidecar,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

const SECRET = `${STORAGE_DIR}/AWS_SECRET_ACCESS_KEY`;
const NAME = '0000000100000000000000F0';

interface Attacker {
  /** The static client that every injected database container has. */
  readonly client: (...args: string[]) => Promise<{ readonly code: number; readonly stderr: string }>;
  readonly link: (name: string, target: string) => Promise<void>;
  readonly forge: (storagePrefix: string) => Promise<void>;
}

function attack(pod: Pod, { pgdata }: Postgres): Attacker {
  const client = `${SHARED_DIR}/bin/${CLIENT.split('/').at(-1)}`;
  return {
    client: (socket, ...args) =>
      pod.run(client, ['daemon-client', '--socket', socket, '--timeout', '20s', ...args], { cwd: pgdata }),
    link: (name, target) => symlink(target, join(pgdata, 'pg_wal', name)),
    forge: async (storagePrefix) => {
      const path = join(pgdata, RESTORE_RECORD);
      await writeFile(
        path,
        JSON.stringify({ restore: 'x', storagePrefix, target: { time: '2026-01-01T00:00:00Z' }, baseBackup: 'x' }),
      );
      await chown(path, POSTGRES_ID, POSTGRES_ID);
    },
  };
}

/** Every file that the database can read in its own container and write to: is the secret in one of them? */
function assertNotLeaked(pgdata: string, secret: string): void {
  for (const name of readdirSync(pgdata, { recursive: true, encoding: 'utf8' })) {
    const path = join(pgdata, name);
    if (isFile(lstatSync(path, { throwIfNoEntry: false }))) assert.ok(!readFileSync(path).includes(secret), path);
  }
}

const isFile = (stats: Stats | undefined) => stats?.isFile() === true;

engineTest('no path to a secret can be stored, by name or by link, and archiving goes on', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, pod, postgres, sidecar } = world;
  const { client, link } = attack(pod, postgres);
  const secret = store.credentials.AWS_SECRET_ACCESS_KEY ?? assert.fail();
  assert.equal((await pod.run('cat', [SECRET])).stdout.trim(), secret, 'it is there for who sees the volume');
  const [first] = await closeSegments(postgres, 1);
  await waitForArchived(postgres, first);

  for (const name of [
    SECRET,
    `../../../..${SECRET}`,
    '/proc/self/environ',
    '../PG_VERSION',
    'pg_wal/x',
    `pg_wal/${first}`,
  ]) {
    assert.equal((await client(ARCHIVE_SOCKET, 'wal-push', name)).code, 1, name);
  }
  for (const target of [SECRET, '/proc/self/environ']) {
    await link(NAME, target);
    assert.equal((await client(ARCHIVE_SOCKET, 'wal-push', NAME)).code, 1, target);
    // Not as one that follows, either, which the engine would take along unasked.
    await writeFile(join(postgres.pgdata, 'pg_wal/archive_status', `${NAME}.ready`), '');
    assert.equal((await client(ARCHIVE_SOCKET, 'wal-push', first ?? '')).code, 1, target);
    await rm(join(postgres.pgdata, 'pg_wal', NAME));
    await rm(join(postgres.pgdata, 'pg_wal/archive_status', `${NAME}.ready`));
  }
  assert.equal((await client(ARCHIVE_SOCKET, 'wal-fetch', first ?? '', 'pg_wal/RECOVERYXLOG')).code, 1);
  assert.match(sidecar.log(), /a request of the database is refused/);

  const env = await engineEnv(store, postgres);
  const { stdout } = await runEngine(pod, ['st', 'ls', '-r'], env);
  assert.ok(stdout.includes(first ?? ''), stdout);
  assert.doesNotMatch(stdout, /AWS_SECRET|environ|PG_VERSION|0F0/);
  assertNotLeaked(postgres.pgdata, secret);
  await waitForArchived(postgres, (await closeSegments(postgres, 3)).at(-1));
});

engineTest("the engine's own sockets are not where the database looks", async (context, engine) => {
  const { pod } = await startWorld(context, { engine });
  const sockets = readdirSync(pod.shared).filter((name) => lstatSync(join(pod.shared, name)).isSocket());
  assert.ok(sockets.length > 0);
  for (const name of sockets) {
    const { code, stderr } = await pod.run(CLIENT, [
      'daemon-client',
      '--socket',
      `${SHARED_DIR}/${name}`,
      'wal-push',
      SECRET,
    ]);
    assert.equal(code, 1, stderr);
  }
});

engineTest("a forged record opens neither a stranger's archive nor the own one", async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, pod, postgres, sidecar } = world;
  const { client, forge } = attack(pod, postgres);
  const [first = ''] = await closeSegments(postgres, 1);
  await waitForArchived(postgres, first);
  const own = await prefixOf(store, postgres);
  const stranger = own.replace('/shop/', '/payroll/');
  await cp(store.fileOf(own), store.fileOf(stranger), { recursive: true });
  // Stopped, so that nobody says that there is nothing to recover.
  await postgres.stop('fast');
  await sidecar.until('Postgres is down', ({ postgres: state }) => state === 'down');
  for (const prefix of [own, stranger, `${own}/../../../../payroll/orders/15/42`]) {
    await forge(prefix);
    await sidecar.until('it is refused', ({ message: said }) => /not served: it is not signed/.test(said ?? ''));
    assert.equal((await client(RECOVERY_SOCKET, 'wal-fetch', first, 'pg_wal/RECOVERYXLOG')).code, 1);
    await rm(join(postgres.pgdata, RESTORE_RECORD));
    await sidecar.until('it is gone', ({ message: said }) => !/not served/.test(said ?? ''));
  }
  await symlink(SECRET, join(postgres.pgdata, RESTORE_RECORD));
  const { message } = await sidecar.until('the link is refused', ({ message: said }) => /ELOOP/.test(said ?? ''));
  assert.ok(!message?.includes(store.credentials.AWS_SECRET_ACCESS_KEY ?? assert.fail()));
  assert.deepEqual(
    readdirSync(join(postgres.pgdata, 'pg_wal')).filter((name) => name.startsWith('RECOVERY')),
    [],
  );
});

engineTest('a record that is put back when its restore is complete opens nothing any more', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const [first = ''] = await closeSegments(world.postgres, 1);
  assert.equal((await runJob('base-backup', world.store, world.postgres)).code, 0);
  await waitForArchived(world.postgres, (await closeSegments(world.postgres, 1)).at(-1));
  const { postgres, sidecar } = await restoreTo(context, world, { latest: true });
  const { pod, pgdata } = postgres;
  await until('it is put aside', () => existsSync(join(pgdata, RESTORE_RECORD_DONE)), 20_000);
  await postgres.stop('fast');
  await sidecar.stop();
  await rename(join(pgdata, RESTORE_RECORD_DONE), join(pgdata, RESTORE_RECORD));
  // A new one, which remembers nothing.
  const again = await startSidecar(context, world.store, postgres, { database: 'restored' });
  await again.until('it is refused', ({ message: said }) => /archived on its own since/.test(said ?? ''));
  const { client } = attack(pod, postgres);
  assert.equal((await client(RECOVERY_SOCKET, 'wal-fetch', first, 'pg_wal/RECOVERYXLOG')).code, 1);
  await postgres.start();
  await again.until('it is put aside once more', ({ message: said }) => said === undefined);
});

engineTest(
  'rotated credentials in the middle of a restore: not served, until the former are back',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    assert.equal((await runJob('base-backup', world.store, world.postgres)).code, 0);
    await waitForArchived(world.postgres, (await closeSegments(world.postgres, 1)).at(-1));
    const pod = await startPod(context, { engine });
    const pgdata = await pod.makeDirectory('data');
    const prefix = await prefixOf(world.store, world.postgres);
    assert.equal((await restoreInto(world, pod, pgdata, prefix, { latest: true })).code, 0);
    const postgres = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
    const sidecar = await startSidecar(context, world.store, postgres, { database: 'restored' });
    await mountCredentials(pod, { ...world.store.credentials, AWS_SECRET_ACCESS_KEY: 'rotated' });
    await sidecar.until('it is refused', ({ message }) => /put the former ones back/.test(message ?? ''));
    await mountCredentials(pod, world.store.credentials);
    await postgres.start();
    await sidecar.until('the recovery has ended', ({ inRecovery }) => inRecovery === false, 60_000);
  },
);
