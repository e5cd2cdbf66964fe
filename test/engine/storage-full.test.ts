// onStorageFull: the store is away and the volume of pg_wal fills up. A file system of 200 MB of its own is mounted for it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepReserve, type LettingGoRecord, readRecord, writeRecord } from '../../src/agent/letting-go-record.ts';
import { LETTING_GO_MARKER, LETTING_GO_RECORD, SHARED_DIR } from '../../src/api/names.ts';
import { makeTempDir } from '../support/temp.ts';
import {
  ARCHIVE_ARGUMENTS,
  clockOf,
  closeSegments,
  type EngineUnderTest,
  engineTest,
  POSTGRES_ID,
  restoreTo,
  runJob,
  startPod,
  startPostgres,
  startSidecar,
  startStore,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

const VOLUME = '200m';
const MB = 1024 * 1024;

/** pg_wal is a link to a small volume, which the sidecar sees at the same path. */
async function startSmall(context: TestContext, engine: EngineUnderTest, onStorageFull: string): Promise<World> {
  const store = await startStore(context);
  // Hooks run in the order in which they were made, and the pod's own removes its directory.
  let mounted: string | undefined;
  context.after(() => mounted && execFileSync('umount', ['--lazy', mounted]));
  const pod = await startPod(context, { engine });
  const volume = await pod.makeDirectory('volume');
  const owner = `uid=${POSTGRES_ID},gid=${POSTGRES_ID},mode=700`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${VOLUME},${owner}`, 'walguard-test', volume]);
  mounted = volume;
  const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
  await postgres.stop('fast');
  const wal = join(postgres.pgdata, 'pg_wal');
  execFileSync('cp', ['-a', wal, join(volume, 'pg_wal')]);
  await rename(wal, `${wal}.before`);
  await symlink(join(volume, 'pg_wal'), wal);
  await postgres.start();
  const env = { WALGUARD_ON_STORAGE_FULL: onStorageFull };
  const sidecar = await startSidecar(context, store, postgres, { env });
  await sidecar.until('the daemon runs', ({ daemon }) => daemon === 'running');
  return { store, pod, postgres, sidecar };
}

/** About 5 MB of WAL a second until told to end; rejects when Postgres does not take it. */
async function fill({ postgres }: World, isEnough: () => boolean): Promise<void> {
  await postgres.sql('create table if not exists load (id bigserial, pad text)');
  await postgres.sql('alter table load alter pad set storage external');
  while (!isEnough()) {
    await postgres.sql('insert into load (pad) select repeat(md5(random()::text), 250) from generate_series(1, 120)');
    await sleep(150);
  }
}

/** For `fill`: so many rounds. */
function takes(rounds: number): () => boolean {
  let left = rounds;
  return () => left-- === 0;
}

engineTest(
  'dropAndRebase: the database lives on, the gap is told, and a base backup settles it',
  async (context, engine) => {
    const world = await startSmall(context, engine, 'dropAndRebase');
    const { store, postgres, sidecar, pod } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    await store.stop();
    const marker = LETTING_GO_MARKER.replace(SHARED_DIR, pod.shared);

    let isLettingGo = false;
    const filled = fill(world, () => isLettingGo);
    const told = await sidecar.until('WAL is let go', ({ archiver }) => archiver?.droppedAt !== undefined, 120_000);
    isLettingGo = true;
    await filled;
    assert.ok(existsSync(marker));
    // More than the volume holds, and Postgres takes it all.
    const from = await postgres.value('select pg_current_wal_lsn()');
    const written = async () => Number(await postgres.value(`select pg_current_wal_lsn() - '${from}'::pg_lsn`));
    let bytes = 0;
    while (bytes < 250 * MB) {
      await fill(world, takes(10));
      bytes = await written();
    }
    assert.match(postgres.log(), /is let go: the volume is nearly full/);
    assert.match(sidecar.log(), /WAL is let go/);
    // What Postgres takes for archived is not told as archived.
    assert.equal((await sidecar.status()).archiver?.lastArchivedTime, undefined);

    await store.start();
    await sidecar.until('it is kept again', () => !existsSync(marker), 60_000);
    const record = JSON.parse(await readFile(join(postgres.pgdata, LETTING_GO_RECORD), 'utf8')) as LettingGoRecord;
    assert.equal(record.database, 'shop/orders');
    assert.ok(Date.parse(record.since) <= Date.parse(told.archiver?.droppedAt ?? ''));
    assert.ok(Date.parse(record.until) <= Date.now());
    const { archiver } = await sidecar.status();
    assert.equal(archiver?.droppedAt, record.until);

    const backup = await runJob('base-backup', store, postgres);
    assert.equal(backup.code, 0, backup.stdout);
    const { startedAt } = backup.report.backup as { startedAt: string };
    assert.ok(Date.parse(startedAt) > Date.parse(record.until), 'it settles the gap');
    const rows = await postgres.value('select count(*) from load');
    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const restored = await restoreTo(context, world, target);
    assert.equal(await restored.postgres.value('select count(*) from load'), rows);
  },
);

engineTest(
  'a sidecar that is killed while WAL is let go: the order runs out, and the next one knows',
  async (context, engine) => {
    const world = await startSmall(context, engine, 'dropAndRebase');
    const { store, postgres, sidecar, pod } = world;
    const marker = LETTING_GO_MARKER.replace(SHARED_DIR, pod.shared);
    await store.stop();
    await fill(world, () => existsSync(marker));
    await sidecar.stop('kill');
    const until = Number(await readFile(marker, 'utf8'));
    assert.ok(until * 1000 <= Date.now() + 30_000, 'nothing is let go without a sidecar for long');
    const next = await startSidecar(context, store, postgres, { env: { WALGUARD_ON_STORAGE_FULL: 'dropAndRebase' } });
    await next.until('it goes on', ({ archiver }) => archiver?.droppedAt !== undefined);
    const renewed = async () => Number(await readFile(marker, 'utf8')) > until;
    for (let tries = 0; tries < 100 && !(await renewed()); tries++) await sleep(100);
    assert.ok(await renewed(), 'the store is still away: it lets go as the one before it did');
    await next.stop('kill');
    // The policy has been changed meanwhile: nothing more is let go, and the gap is told all the same.
    const last = await startSidecar(context, store, postgres);
    await last.until('the gap is told', ({ archiver }) => archiver?.droppedAt !== undefined);
    assert.equal(existsSync(marker), false);
  },
);

test('the record is written where not a byte is free: its reserve goes first', async (context) => {
  const pgdata = await makeTempDir(context);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'walguard-test', pgdata]);
  try {
    await keepReserve(pgdata);
    await assert.rejects(writeFile(join(pgdata, 'filler'), Buffer.alloc(2 * MB)), { code: 'ENOSPC' });
    await assert.rejects(writeFile(join(pgdata, 'more'), 'x'), { code: 'ENOSPC' });
    const record = { database: 'shop/orders', systemIdentifier: '1', since: 'then', until: 'now' };
    // Again and again: what is left of the reserve makes room for the next one.
    for (const until of ['1', '2', '3']) {
      await writeRecord(pgdata, { ...record, until });
      assert.deepEqual(await readRecord(pgdata), { ...record, until });
      await assert.rejects(writeFile(join(pgdata, 'filler'), Buffer.alloc(MB), { flag: 'a' }), { code: 'ENOSPC' });
    }
  } finally {
    execFileSync('umount', ['--lazy', pgdata]);
  }
});

engineTest('block: every segment is kept, whatever lies about', async (context, engine) => {
  const world = await startSmall(context, engine, 'block');
  const { store, postgres, sidecar, pod } = world;
  await store.stop();
  const marker = LETTING_GO_MARKER.replace(SHARED_DIR, pod.shared);
  await writeFile(marker, `${Math.floor(Date.now() / 1000) + 600}\n`);
  const segments = await closeSegments(postgres, 3);
  await sleep(5000);
  const ready = await postgres.sql("select name from pg_ls_archive_statusdir() where name like '%.ready'");
  for (const segment of segments)
    assert.ok(
      ready.some(({ name }) => name === `${segment}.ready`),
      segment,
    );
  assert.equal((await sidecar.status()).archiver?.droppedAt, undefined);
});
