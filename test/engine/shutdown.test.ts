// The ends of a database's day: nobody writes, or the pod goes away.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beat } from '../../src/tools/heartbeat.ts';
import { listReady } from '../../src/tools/wal-directory.ts';
import {
  clockOf,
  closeSegments,
  engineTest,
  type Fault,
  type Postgres,
  prefixOf,
  restoreTo,
  runJob,
  startPod,
  startPostgres,
  startProxy,
  startStore,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

/** Archived segments, and nothing that could have been made by a write of a user. */
async function countArchived(postgres: Postgres): Promise<number> {
  return Number(await postgres.value('select archived_count from pg_stat_archiver'));
}

engineTest(
  'an idle database closes a segment as often as the policy says, and can be restored to a quiet moment',
  async (context, engine) => {
    const env = { WALGUARD_SWITCH_AT_LEAST_EVERY: '2' };
    // Read-only for everybody who does not say otherwise: no table is written.
    const settings = { default_transaction_read_only: 'on' };
    const world = await startWorld(context, { engine, agent: { env }, postgres: { settings } });
    const { postgres, store } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    const before = await countArchived(postgres);
    await sleep(3000);
    const quiet = await clockOf(postgres);
    await sleep(7000);
    const beats = (await countArchived(postgres)) - before;
    assert.ok(beats >= 3 && beats <= 6, `${beats} segments in 10 s`);
    const lsn = await postgres.value('select pg_current_wal_lsn()');
    const [last] = (await store.list(`${await prefixOf(store, postgres)}/wal_005`)).slice(-1);
    const { size } = await stat(store.fileOf(last ?? ''));
    context.diagnostic(`${beats} beats in 10 s at ${lsn}; an idle segment is ${size} bytes in the store`);
    // After the last commit of a user: only the heartbeats let recovery know that it has come far enough.
    await restoreTo(context, world, quiet);
  },
);

engineTest(
  'a heartbeat costs some hundred bytes, and works for a login that may nothing but connect',
  async (context, engine) => {
    const postgres = await startPostgres(await startPod(context, { engine }));
    const { connection } = postgres;
    await postgres.sql("create role modest login password 'modest'");
    const modest = { ...connection, user: 'modest', password: 'modest' };
    await postgres.sql('checkpoint');
    const from = await postgres.value('select pg_current_wal_insert_lsn()');
    assert.equal(await beat(modest), undefined, 'it may not close a segment; archive_timeout does');
    const bytes = Number(await postgres.value(`select pg_current_wal_insert_lsn() - '${from}'::pg_lsn`));
    assert.ok(bytes > 0 && bytes < 1024, `${bytes} bytes`);
    context.diagnostic(`${bytes} bytes of WAL a beat`);
    const segment = await postgres.value('select pg_walfile_name(pg_current_wal_lsn())');
    assert.equal(await beat(connection), segment);
    assert.notEqual(await beat(connection), segment);
  },
);

interface Ending {
  readonly name: string;
  /** Of the store, when Postgres is stopped. */
  readonly fault: Fault;
  /** What waits when Postgres has ended. */
  readonly waits: boolean;
}

const ENDINGS: readonly Ending[] = [
  { name: 'the store is there', fault: 'none', waits: false },
  { name: 'the store fails while Postgres stops, and comes back', fault: 'unavailable', waits: true },
];

for (const { name, fault, waits } of ENDINGS) {
  engineTest(`scaled to zero right after a commit, ${name}: that commit is in the archive`, async (context, engine) => {
    const store = await startStore(context);
    const proxy = await startProxy(context, store);
    const world = { ...(await startWorld(context, { engine, agent: { endpoint: proxy.endpoint } })), store };
    const { postgres, sidecar } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    await postgres.sql('create table last_words (word text)');
    proxy.set(fault);
    await postgres.sql("insert into last_words values ('goodbye')");
    const target = await clockOf(postgres);
    await postgres.sql('select txid_current()');
    await postgres.stop('fast');
    const left = await listReady(postgres.pgdata);
    assert.equal(left.length > 0, waits, left.join());
    proxy.set('none');
    await sidecar.stop('term');
    assert.equal(/all was shipped/.test(sidecar.log()), waits);
    const restored = await restoreTo(context, world, target);
    assert.equal(await restored.postgres.value('select word from last_words'), 'goodbye');
  });
}

engineTest(
  'a store that hangs does not hold up the end of the pod beyond its time, and what is left is told',
  async (context, engine) => {
    const store = await startStore(context);
    const proxy = await startProxy(context, store);
    const agent = { endpoint: proxy.endpoint, env: { WALGUARD_SHUTDOWN_SECONDS: '3' } };
    const { postgres, sidecar } = await startWorld(context, { engine, agent });
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    proxy.set('unavailable');
    await postgres.sql('select txid_current()');
    await postgres.stop('fast');
    proxy.set('hang');
    const begun = Date.now();
    await sidecar.stop('term');
    const seconds = (Date.now() - begun) / 1000;
    assert.ok(seconds > 2.5 && seconds < 12, `${seconds} s`);
    assert.match(sidecar.log(), /"left":1,.*not all was shipped/);
    assert.equal((await listReady(postgres.pgdata)).length, 1, 'Postgres asks for it at its next start');
  },
);
