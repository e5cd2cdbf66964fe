// Credentials that rotate and that are revoked, a second writer, encryption: with a real store and engine.
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '../../src/agent/storage.ts';
import { mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';
import { SETTINGS } from '../support/workloads.ts';
import {
  ARCHIVE_ARGUMENTS,
  adoptPostgres,
  clockOf,
  closeSegments,
  engineTest,
  type Pod,
  type Postgres,
  prefixOf,
  restoreTo,
  runJob,
  type Store,
  startPod,
  startPostgres,
  startRestored,
  startSidecar,
  startStore,
  waitForArchived,
} from './support/engine-world.ts';

const FIRST: Credentials = { AWS_ACCESS_KEY_ID: 'first-access', AWS_SECRET_ACCESS_KEY: 'first-secret-123456789' };
const SECOND: Credentials = { AWS_ACCESS_KEY_ID: 'second-access', AWS_SECRET_ACCESS_KEY: 'second-secret-987654321' };

let versions = 0;

/** As the kubelet does: all entries at one moment, by a link that is swapped. */
async function mount({ storage }: Pod, entries: Readonly<Record<string, string>>): Promise<void> {
  versions += 1;
  const version = `..version-${versions}`;
  await mkdir(join(storage, version));
  for (const [name, text] of Object.entries(entries)) await writeFile(join(storage, version, name), text);
  await symlink(version, join(storage, '..new'));
  await rename(join(storage, '..new'), join(storage, '..data'));
  for (const name of Object.keys(entries)) {
    await symlink(`..data/${name}`, join(storage, '..entry'));
    await rename(join(storage, '..entry'), join(storage, name));
  }
}

/** Archived segments and history files of this very cluster, by their names. */
async function listWal(store: Store, postgres: Postgres): Promise<string[]> {
  const keys = await store.list(`${await prefixOf(store, postgres)}/wal_005`);
  return keys.map((key) => key.replace(/^.*\//, '').replace(/\..*$/, ''));
}

/** But for what probes write and remove at any moment. */
async function listObjects(store: Store): Promise<string[]> {
  return (await store.list()).filter((key) => !/_check_/.test(key));
}

function failedCount(postgres: Postgres): Promise<string> {
  return postgres.value('select failed_count from pg_stat_archiver');
}

engineTest(
  'rotated under load: no push fails, no segment is lost, and the old ones are not needed',
  async (context, engine) => {
    const users = [FIRST, SECOND];
    const store = { ...(await startStore(context, users)), credentials: FIRST };
    const pod = await startPod(context, { engine });
    const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
    const sidecar = await startSidecar(context, store, postgres);
    await mount(pod, FIRST);
    await sidecar.until('it archives', ({ daemon, storage }) => daemon === 'running' && storage?.writable === true);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const failedBefore = await failedCount(postgres);
    const closed: string[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) closed.push(...(await closeSegments(postgres, 1)));
    })();
    for (const credentials of [SECOND, FIRST, SECOND]) {
      const probed = (await sidecar.status()).storage?.checkedAt;
      await mount(pod, credentials);
      await sidecar.until('it is probed at once', ({ storage }) => storage?.checkedAt !== probed, 5000);
    }
    isOver = true;
    await load;
    assert.equal((await sidecar.status()).storage?.writable, true);
    await waitForArchived(postgres, closed.at(-1), 60_000);
    assert.equal(await failedCount(postgres), failedBefore, 'no push failed');
    const stored = new Set(await listWal(store, postgres));
    assert.deepEqual(
      closed.filter((segment) => !stored.has(segment)),
      [],
    );
    context.diagnostic(`${closed.length} segments closed during three rotations, none failed`);

    users.splice(0, 2, SECOND);
    await store.stop();
    await store.start();
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1), 60_000);
  },
);

engineTest(
  'revoked while the database is idle: seen within the interval, without a secret in the words',
  async (context, engine) => {
    const users = [FIRST];
    const store = { ...(await startStore(context, users)), credentials: FIRST };
    const pod = await startPod(context, { engine });
    const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
    const sidecar = await startSidecar(context, store, postgres);
    await sidecar.until('it archives', ({ storage }) => storage?.readable === true && storage.writable);
    users.pop();
    await store.stop();
    await store.start();
    const since = Date.now();
    const status = await sidecar.until('it is seen', ({ storage }) => storage?.readable === false, 75_000);
    context.diagnostic(`seen after ${Math.round((Date.now() - since) / 1000)} s`);
    assert.deepEqual([status.storage?.writable, status.storage?.reason], [false, 'NotReadable']);
    assert.match(status.storage?.message ?? '', /InvalidAccessKeyId/);
    assert.doesNotMatch(JSON.stringify(status) + sidecar.log(), /first-(access|secret)/);
    const metrics = await sidecar.metrics();
    assert.match(metrics, /^walguard_storage_readable 0$/m);
    assert.match(metrics, /^walguard_storage_writable 0$/m);

    users.push(SECOND);
    await store.stop();
    await store.start();
    await mount(pod, SECOND);
    await sidecar.until(
      'new ones heal it at once',
      ({ storage }) => storage?.readable === true && storage.writable,
      5000,
    );
  },
);

engineTest(
  'a copy in another Kubernetes cluster: refused by name, and the first one’s archive stays whole',
  async (context, engine) => {
    const store = await startStore(context);
    const pod = await startPod(context, { engine });
    await writeFile(join(pod.storage, 'cluster-ca.crt'), 'one cluster');
    const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
    const sidecar = await startSidecar(context, store, postgres);
    await sidecar.until('it archives', ({ daemon }) => daemon === 'running');
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    await waitForArchived(postgres, (await closeSegments(postgres, 2)).at(-1));
    await postgres.stop();

    const copyPod = await startPod(context, { engine });
    await writeFile(join(copyPod.storage, 'cluster-ca.crt'), 'another cluster');
    const pgdata = join(copyPod.directory, 'data');
    await cp(postgres.pgdata, pgdata, { recursive: true, preserveTimestamps: true });
    await chownLike(copyPod, pgdata);
    await postgres.start();
    const copy = await adoptPostgres(copyPod, pgdata, { args: ARCHIVE_ARGUMENTS });
    const copySidecar = await startSidecar(context, store, copy);
    await copy.start();
    const refused = await copySidecar.until('it is refused', ({ message }) => /another copy/.test(message ?? ''));
    assert.match(refused.message ?? '', /shop\/orders-0 on node node-1, in another Kubernetes cluster/);
    assert.deepEqual([refused.daemon, refused.storage?.reason], ['failing', 'OwnedByAnother']);
    assert.match(await copySidecar.metrics(), /^walguard_storage_owned 0$/m);
    const [strange] = await closeSegments(copy, 1);
    const before = await listObjects(store);
    assert.equal((await runJob('base-backup', store, copy)).code, 1);
    assert.deepEqual(await listObjects(store), before, 'the copy has written nothing');

    await closeSegments(postgres, 1);
    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const stillWaiting = `select count(*) from pg_ls_archive_statusdir() where name = '${strange}.ready'`;
    assert.equal(await copy.value(stillWaiting), '1', 'the copy keeps its WAL');
    const restored = await restoreTo(context, { store, pod, postgres, sidecar }, target);
    assert.equal(await restored.postgres.value('select count(*) from filler'), '3', 'two, and the one of the first');
  },
);

async function chownLike(pod: Pod, path: string): Promise<void> {
  const { code, stderr } = await pod.run('chown', ['-R', '999:999', path], { id: 0 });
  assert.equal(code, 0, stderr);
  await pod.run('chmod', ['0700', path], { id: 0 });
}

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';
const ENCRYPTED = {
  ...SETTINGS,
  archive: { ...SETTINGS.archive, compression: 'none' as const },
  storage: { ...SETTINGS.storage, encryptionKeySecret: 'archive-key' },
};
const MARKER = 'a row that nobody else may read';

engineTest(
  'encrypted: nothing is written without the key, nothing readable with it, and it restores',
  async (context, engine) => {
    const store = await startStore(context);
    const pod = await startPod(context, { engine });
    const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
    const options = { settings: ENCRYPTED };
    const sidecar = await startSidecar(context, store, postgres, options);
    const lacking = await sidecar.until('it lacks the key', ({ storage }) => storage?.reason === 'KeyMissing');
    assert.match(lacking.message ?? '', /no encryption key/);
    await postgres.sql(`create table secrets as select '${MARKER}' as text from generate_series(1, 100)`);
    await closeSegments(postgres, 2);
    assert.equal((await runJob('base-backup', store, postgres, options)).code, 1);
    assert.deepEqual(await store.list(), [], 'nothing is written without the key');

    await writeFile(join(pod.storage, 'encryption-key'), `${KEY}\n`);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const backup = await runJob('base-backup', store, postgres, options);
    assert.equal(backup.code, 0, backup.stdout + backup.stderr);
    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 2)).at(-1));
    const keys = await store.list();
    assert.ok(keys.length > 5);
    for (const key of keys) {
      const bytes = await readFile(store.fileOf(`/${key}`));
      assert.ok(!bytes.includes(MARKER) && !bytes.includes(KEY), `${key} is readable`);
    }

    const restorePod = await startPod(context, { engine });
    const pgdata = await restorePod.makeDirectory('data');
    const restore = () =>
      runJob(
        'restore',
        store,
        { pod: restorePod, pgdata, connection: postgres.connection },
        {
          settings: ENCRYPTED,
          env: {
            WALGUARD_SOURCE_PREFIX: `${prefix}`,
            WALGUARD_TARGET: JSON.stringify({ time: target }),
            WALGUARD_DESTINATION: 'restored',
            WALGUARD_RESTORE: 'restore',
            WALGUARD_RESTORE_UID: 'uid-of-restore',
            WALGUARD_INCARNATION: 'r20261121201533',
          },
        },
      );
    const prefix = await prefixOf(store, postgres);
    const keyless = await restore();
    assert.equal(keyless.code, 1, 'without the key there is no restore');
    await rm(pgdata, { recursive: true });
    await restorePod.makeDirectory('data');
    await writeFile(join(restorePod.storage, 'encryption-key'), KEY);
    const { code, stdout, stderr } = await restore();
    assert.equal(code, 0, stdout + stderr);
    const restored = await startRestored(context, store, restorePod, pgdata, options);
    assert.equal(await restored.postgres.value(`select count(*) from secrets where text = '${MARKER}'`), '100');

    await writeFile(join(pod.storage, 'encryption-key'), KEY.replaceAll('0', '1'));
    const changed = await sidecar.until('another key is refused', ({ storage }) => storage?.reason === 'KeyChanged');
    assert.match(changed.message ?? '', /the archive was begun with another key/);
  },
);

engineTest('a store with a private CA: reached with the CA’s Secret, and not without it', async (context, engine) => {
  const authority = await mintAuthority(new Date());
  const store = await startStore(context, [], await mintServing(authority, ['127.0.0.1'], new Date()));
  const pod = await startPod(context, { engine });
  const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
  const settings = { ...SETTINGS, storage: { ...SETTINGS.storage, caSecret: 'store-ca' } };
  const sidecar = await startSidecar(context, store, postgres, { settings });
  const stranger = await sidecar.until('it is not trusted', ({ storage }) => storage?.readable === false);
  assert.equal(stranger.storage?.reason, 'NotReadable');
  await writeFile(join(pod.storage, 'store-ca.crt'), authority.cert);
  await sidecar.until('it is', ({ storage }) => storage?.readable === true && storage.writable, 20_000);
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
});
