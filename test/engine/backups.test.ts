// What the engines make of base backups: shapes, names, whose data directory, remote, standby, two at once.
import assert from 'node:assert/strict';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIdentity } from '../../src/agent/data-directory.ts';
import { parseBackupList } from '../../src/lib/backup-list.ts';
import {
  clockOf,
  closeSegments,
  connectionEnv,
  type Ended,
  engineEnv,
  engineTest,
  POSTGRES_ID,
  prefixOf,
  restoreInto,
  runEngine,
  runJob,
  startPostgres,
  startStandby,
  startWorld,
  type World,
} from './support/engine-world.ts';

/** What walrus lacks; both have the rest that walguard reads. */
const LIST_KEYS = {
  walrus: [
    'compressed_size',
    'finish_lsn',
    'finish_time',
    'hostname',
    'is_permanent',
    'name',
    'pg_version',
    'start_lsn',
    'start_time',
    'uncompressed_size',
  ],
  'wal-g': [
    'backup_name',
    'compressed_size',
    'data_dir',
    'date_fmt',
    'finish_lsn',
    'finish_time',
    'hostname',
    'is_permanent',
    'pg_version',
    'start_lsn',
    'start_time',
    'storage_name',
    'system_identifier',
    'time',
    'uncompressed_size',
    'wal_file_name',
  ],
} as const;

async function pusher({ store, pod, postgres }: World) {
  const env = { ...(await engineEnv(store, postgres)), ...connectionEnv(postgres) };
  const { backupPushArgs, backupListArgs } = pod.engine;
  return {
    env,
    push: (dataDir?: string, id?: number): Promise<Ended> =>
      runEngine(pod, backupPushArgs({ dataDir, isFull: true }), env, id),
    list: async () => parseBackupList((await runEngine(pod, backupListArgs, env)).stdout).map(({ name }) => name),
  };
}

engineTest(
  'the list and the sentinel of a base backup have the shapes that walguard reads',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { store, pod, postgres } = world;
    const { env, push } = await pusher(world);
    const empty = await runEngine(pod, engine.backupListArgs, env);
    assert.deepEqual([empty.code, JSON.parse(empty.stdout)], [0, []]);
    assert.equal((await push(postgres.pgdata)).code, 0);
    const { stdout } = await runEngine(pod, engine.backupListArgs, env);
    assert.deepEqual(Object.keys(JSON.parse(stdout)[0]).sort(), LIST_KEYS[engine.id]);
    const [backup] = parseBackupList(stdout);
    assert.match(backup?.name ?? '', /^base_0{7}1[0-9A-F]{16}$/);
    assert.ok(Math.abs(Date.parse(backup?.finishedAt ?? '') - Date.now()) < 60_000);
    assert.ok((backup?.uncompressedSize ?? 0) > (backup?.compressedSize ?? 0));

    const file = store.fileOf(
      `${await prefixOf(store, postgres)}/basebackups_005/${backup?.name}_backup_stop_sentinel.json`,
    );
    const sentinel = await readFile(file, 'utf8');
    const identifier = await postgres.systemIdentifier();
    assert.ok(sentinel.includes(identifier), 'the sentinel says whose backup it is');
    assert.ok(BigInt(identifier) > BigInt(Number.MAX_SAFE_INTEGER));
    assert.notEqual(String(JSON.parse(sentinel).SystemIdentifier), identifier, 'JSON.parse alone corrupts it');
  },
);

engineTest(
  'a path that is not the data directory of the server: WAL-G refuses, walrus does not',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { store, pod, postgres } = world;
    const { env, push, list } = await pusher(world);
    const other = await startPostgres(pod, { name: 'other' });
    const code = engine.id === 'walrus' ? 0 : 1;
    // walrus streams the server's data instead, as a remote backup.
    assert.equal((await push('/nowhere')).code, code);
    assert.equal((await push(postgres.pgdata, 1234)).code, code, 'under a uid that cannot read it');
    // And packs what is there, whoever's it is.
    assert.equal((await push(other.pgdata)).code, code);
    const [name = ''] = (await list()).toReversed();
    if (code === 0) {
      const fetched = await pod.makeDirectory('fetched');
      assert.equal((await runEngine(pod, engine.backupFetchArgs(fetched, name), env)).code, 0);
      assert.equal((await readIdentity(fetched))?.systemIdentifier, await other.systemIdentifier());
    }
    // The agent does not let it come to that.
    const job = await runJob('base-backup', store, { pod, pgdata: other.pgdata, connection: postgres.connection });
    assert.equal(job.code, 1);
    assert.match(String(job.report.message), /are of cluster \d+, the server that answers is \d+; nothing was written/);
  },
);

engineTest('without a path the server streams it, and that can be restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { pod, postgres } = world;
  const { env, push, list } = await pusher(world);
  await postgres.sql('create table kept as select generate_series(1, 1000) as id');
  const pushed = await push(undefined);
  assert.equal(pushed.code, 0, pushed.stderr);
  const [name = ''] = await list();
  const fetched = await pod.makeDirectory('fetched');
  assert.equal((await runEngine(pod, engine.backupFetchArgs(fetched, name), env)).code, 0);
  assert.equal((await readIdentity(fetched))?.systemIdentifier, await postgres.systemIdentifier());
});

engineTest(
  'into a directory that holds something: WAL-G refuses, walrus overwrites, the agent refuses with either',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { store, pod, postgres } = world;
    const { env, push, list } = await pusher(world);
    assert.equal((await push(postgres.pgdata)).code, 0);
    const [name = ''] = await list();
    const target = await pod.makeDirectory('target');
    await writeFile(join(target, 'PG_VERSION'), 'somebody else');
    await chown(join(target, 'PG_VERSION'), POSTGRES_ID, POSTGRES_ID);
    const fetched = await runEngine(pod, engine.backupFetchArgs(target, name), env);
    assert.equal(fetched.code, engine.id === 'walrus' ? 0 : 1);
    const job = await restoreInto(world, pod, target, await prefixOf(store, postgres), await clockOf(postgres));
    assert.equal(job.code, 1);
    assert.match(String(job.report.message), /is not empty .*; a restore never overwrites data/);
  },
);

engineTest('of two agents at once none writes over the other', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, postgres } = world;
  const { list } = await pusher(world);
  const jobs = await Promise.all([runJob('base-backup', store, postgres), runJob('base-backup', store, postgres)]);
  const good = jobs.filter(({ code }) => code === 0).length;
  assert.ok(good >= 1, jobs.map(({ stdout }) => stdout).join());
  assert.equal((await list()).length, good, jobs.map(({ stdout }) => stdout).join());
});

engineTest(
  'from a standby: with and without a path; a second one before the next checkpoint has the same name',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { pod, postgres } = world;
    const { list, env } = await pusher(world);
    const standby = await startStandby(pod, postgres);
    const from = { ...env, ...connectionEnv(standby) };
    const push = async (dataDir?: string) => {
      const { code, stderr } = await runEngine(pod, engine.backupPushArgs({ dataDir, isFull: true }), from);
      assert.equal(code, 0, stderr);
      return list();
    };
    const [first, ...none] = await push(standby.pgdata);
    assert.deepEqual(none, []);
    // It starts where the last restart point was, and that is still the same: what was there is silently written over.
    assert.deepEqual(await push(standby.pgdata), [first]);
    await closeSegments(postgres, 1);
    await postgres.sql('checkpoint');
    await until(
      async () =>
        (await standby.value('select pg_last_wal_replay_lsn()')) >=
        (await postgres.value('select pg_current_wal_lsn()')),
    );
    await standby.sql('checkpoint');
    assert.equal((await push()).length, 2);
  },
);

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'the standby replays');
    await sleep(50);
  }
}
