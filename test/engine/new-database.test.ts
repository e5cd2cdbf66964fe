// A dump into a new database of a server that runs, and into the place of one, with real programs: what comes back, what clients see,
// and that what breaks off at any point leaves all that was there as it was.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDumpLock } from '../../src/agent/server-lock.ts';
import type { DumpManifest } from '../../src/lib/dump-manifest.ts';
import { asideName, describeSwap, describeWayBack, markOf, type Wish, workName } from '../../src/lib/new-database.ts';
import { withClient } from '../../src/tools/connection.ts';
import { type DumpOptions, runDumpJob } from './support/dump.ts';
import { ask } from './support/dump-restore.ts';
import { ODD } from './support/dump-story.ts';
import {
  type EngineUnderTest,
  engineTest,
  type Postgres,
  prefixOf,
  type Store,
  startPod,
  startPostgres,
  startStore,
} from './support/engine-world.ts';
import { type NewDatabaseOptions, runNewDatabaseJob } from './support/new-database.ts';
import { killTree } from './support/pod.ts';

interface Stage {
  readonly store: Store;
  readonly postgres: Postgres;
}

const ARCHIVE = { tool: 'pg_dump', format: 'custom' } as const;
const BESIDE: Wish = { restore: 'undo', name: 'shop_again', of: 'shop' };
const SWAP: Wish = { ...BESIDE, swap: 'shop' };

async function startStage(context: TestContext, engine: EngineUnderTest): Promise<Stage> {
  const store = await startStore(context);
  const postgres = await startPostgres(await startPod(context, { engine }));
  await postgres.sql('create role app login; create role reader');
  await postgres.sql('create database shop owner app');
  await ask(postgres, 'shop', 'create table orders as select g as id from generate_series(1, 1000) g');
  await ask(
    postgres,
    'shop',
    'alter table orders owner to app; grant select on orders to reader; create table empty ()',
  );
  return { store, postgres };
}

async function dump({ store, postgres }: Stage, options: DumpOptions = ARCHIVE): Promise<string> {
  const { code, stdout, stderr, report } = await runDumpJob(store, postgres, options);
  assert.equal(code, 0, stdout + stderr);
  return (report.dump as { name: string }).name;
}

const load = ({ store, postgres }: Stage, wish: Wish, options?: NewDatabaseOptions) =>
  runNewDatabaseJob(store, postgres, wish, options);

const DATABASES = `
  select string_agg(concat_ws(' ', datname, datdba::regrole, datconnlimit, datallowconn, (select array_agg(a::text order by a::text)
         from unnest(datacl) a), (select string_agg(concat_ws(' ', setrole, setconfig), ' ' order by setrole) from pg_db_role_setting
         where setdatabase = d.oid), shobj_description(oid, 'pg_database')), E'\n' order by datname) from pg_database d`;

const databasesOf = ({ postgres }: Stage) => postgres.value(DATABASES);
const rowsOf = ({ postgres }: Stage, database: string) => ask(postgres, database, 'select count(*) from orders');

async function assertFailed(
  stage: Stage,
  before: string,
  job: Promise<{ code: number; stdout: string; report: object }>,
  why: RegExp,
) {
  const { code, stdout, report } = await job;
  assert.equal(code, 1, stdout);
  assert.match(String((report as { message?: string }).message), why);
  assert.equal(await databasesOf(stage), before, 'every database is as it was, and there is no other');
}

engineTest(
  'a database of a dump is loaded beside, as it was and with the rights of the one that is there',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { postgres } = stage;
    for (const statement of [
      'revoke all on database shop from public; grant connect on database shop to reader with grant option',
      `alter database shop set search_path to "$user", public, "it's, odd"; alter database shop set work_mem = '7MB'`,
      "alter role app in database shop set application_name = 'back\\slash'; alter database shop connection limit 17",
      `create database "${ODD.replaceAll('"', '""')}" owner app encoding 'LATIN1' template template0`,
    ])
      await postgres.sql(statement);
    await ask(postgres, ODD, 'create table orders as select 1 as id');
    const name = await dump(stage);
    await ask(postgres, 'shop', 'truncate orders');
    const before = await databasesOf(stage);

    const planned = await load(stage, BESIDE, { planOnly: true });
    assert.equal(planned.code, 0, planned.stdout);
    assert.equal(await databasesOf(stage), before, 'a plan makes nothing');

    const { code, stdout, stderr, report } = await load(stage, BESIDE);
    assert.equal(code, 0, stdout + stderr);
    const { name: loaded, rows, tables, databases } = report.dump as Record<string, unknown>;
    assert.deepEqual([loaded, rows, tables, databases], [name, 1000, 2, 1]);
    assert.match(String(report.note), /^its owner, rights, settings and connection limit are those that "shop" had/);
    const lines = (await databasesOf(stage)).split('\n');
    const [shop = '', again = ''] = ['shop ', 'shop_again '].map((each) => lines.find((line) => line.startsWith(each)));
    assert.equal(again, `${shop.replace('shop', 'shop_again')} ${markOf(BESIDE, name)}`);
    assert.match(shop, /it's, odd/);
    assert.equal(lines.filter((line) => line !== again).join('\n'), before, 'all others are as they were');
    assert.deepEqual([await rowsOf(stage, 'shop'), await rowsOf(stage, 'shop_again')], ['0', '1000']);
    const rights = "select relowner::regrole || relacl::text from pg_class where relname = 'orders'";
    assert.equal(await ask(postgres, 'shop_again', rights), await ask(postgres, 'shop', rights));
    assert.equal(
      await ask(postgres, 'shop_again', "select count(*) > 0 from pg_stats where tablename = 'orders'"),
      't',
    );

    const again2 = await load(stage, BESIDE);
    assert.match(String(again2.report.note), /^it was loaded and verified by an earlier run/);
    const now = await databasesOf(stage);
    await assertFailed(
      stage,
      now,
      load(stage, { ...BESIDE, restore: 'other' }),
      /"shop_again" exists already and stays as it is/,
    );

    const odd = await load(stage, { restore: 'odd', name: `${ODD}2`, of: ODD });
    assert.equal(odd.code, 0, odd.stdout);
    assert.equal(await rowsOf(stage, `${ODD}2`), '1');
    assert.equal(
      await postgres.value("select count(*)::text from pg_database where encoding = pg_char_to_encoding('LATIN1')"),
      '2',
    );

    await ask(postgres, 'postgres', 'drop database shop');
    const alone = await load(stage, { restore: 'alone', name: 'shop', of: 'shop' });
    assert.match(String(alone.report.note), /^its owner is that of the dump; rights and settings/);
    assert.equal(await postgres.value("select datdba::regrole::text from pg_database where datname = 'shop'"), 'app');
  },
);

/** Clients that come again and again. @returns ends them: what they read in turn, what went wrong, the longest they had no answer */
function hammer(postgres: Postgres) {
  const seen: string[] = [];
  const errors: string[] = [];
  let longest = 0;
  let isOver = false;
  const run = async () => {
    let good = performance.now();
    while (!isOver) {
      await withClient({ ...postgres.connection, database: 'shop' }, async (client) => {
        for (let i = 0; i < 20 && !isOver; i++) {
          const { rows } = await client.query('select count(*)::text as n from orders');
          if (seen.at(-1) !== rows[0].n) seen.push(rows[0].n);
          longest = Math.max(longest, performance.now() - good);
          good = performance.now();
        }
      }).catch((error: Error) => errors.push(error.message));
    }
  };
  const all = Promise.all([1, 2, 3, 4].map(run));
  return async () => {
    isOver = true;
    await all;
    return { seen, errors, longest };
  };
}

engineTest(
  'it takes the place of one that clients use, in a moment; and there is a way back',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { postgres } = stage;
    await postgres.sql("comment on database shop is 'the shop'");
    await dump(stage);
    await ask(postgres, 'shop', 'delete from orders where id > 10');
    const before = await databasesOf(stage);
    const end = hammer(postgres);
    const { code, stdout, report } = await load(stage, SWAP);
    await sleep(500);
    const { seen, errors, longest } = await end();
    assert.equal(code, 0, stdout);
    assert.deepEqual(seen, ['10', '1000'], 'the old one, then the new one, and never anything else');
    assert.ok(Number(report.swapMs) < 3000 && longest < 4000, `${report.swapMs} ms, ${longest} ms`);
    context.diagnostic(`nobody could connect for ${report.swapMs} ms; the longest wait was ${Math.round(longest)} ms`);
    assert.ok(errors.length > 0 && errors.length <= 12, errors.join());
    for (const each of errors)
      assert.match(
        each,
        /terminating connection|does not exist|connection error|Connection terminated|ECONNRESET|timeout/,
        errors.join(),
      );

    const aside = asideName(SWAP);
    assert.deepEqual([await rowsOf(stage, 'shop'), await rowsOf(stage, aside)], ['1000', '10']);
    const line = before.split('\n').find((each) => each.startsWith('shop ')) ?? '';
    const now = await databasesOf(stage);
    assert.ok(now.includes(`\n${line}\n`) && now.includes(`\n${line.replace('shop', aside)}\n`), now);

    await assertFailed(
      stage,
      now,
      load(stage, SWAP),
      /"shop_before_undo" exists already: a restore of this name has put it aside/,
    );
    await postgres.sql(describeWayBack(SWAP));
    assert.deepEqual([await rowsOf(stage, 'shop'), await rowsOf(stage, 'shop_again')], ['10', '1000']);
    await postgres.sql(describeSwap(BESIDE));
    assert.deepEqual([await rowsOf(stage, 'shop'), await rowsOf(stage, aside)], ['1000', '10']);
  },
);

engineTest('what is not whole, or not possible, is said, and nothing is changed', async (context, engine) => {
  const stage = await startStage(context, engine);
  const { postgres, store } = stage;
  const cluster = await dump(stage, { tool: 'pg_dumpall' });
  await sleep(1000);
  const sql = await dump(stage, { tool: 'pg_dump', format: 'gzip' });
  await sleep(1000);
  const name = await dump(stage);
  const before = await databasesOf(stage);
  const fails = (wish: Wish, why: RegExp, options?: NewDatabaseOptions) =>
    assertFailed(stage, before, load(stage, wish, options), why);

  await fails(BESIDE, /is one text of the whole server, with its roles; restore it into a new StatefulSet/, {
    dump: cluster,
  });
  await fails(BESIDE, /is SQL that makes "shop" under its own name/, { dump: sql });
  await fails({ ...BESIDE, of: 'carts' }, /holds no database "carts" .*; it holds postgres, shop$/);
  await fails(BESIDE, /needs about 5\d\d MiB, with its WAL; 1\.00 MiB are free/, { freeBytes: 1024 ** 2 });
  await fails({ ...BESIDE, name: 'ü'.repeat(32) }, /has 64 bytes, and Postgres takes 63/);
  await fails({ ...BESIDE, of: 'postgres', name: 'shop' }, /"shop" exists already and stays as it is/);
  await fails({ ...SWAP, of: 'postgres', swap: 'nowhere' }, /there is no database "nowhere" to replace/);

  await withClient({ ...postgres.connection, database: 'shop' }, (client) =>
    client.query("create subscription s connection 'host=nowhere' publication p with (connect = false)"),
  );
  await fails(SWAP, /"shop" cannot make place: it has a subscription s\. Without swap it is loaded beside/);
  await ask(
    postgres,
    'shop',
    'alter subscription s disable; alter subscription s set (slot_name = none); drop subscription s',
  );

  const ended = load(stage, BESIDE, {
    during: async (container) => {
      await untilThere(postgres, workName(BESIDE));
      await killTree(container);
    },
  });
  await assertFailed(stage, before, ended, /container with the database's own tools ended|ended with code/);

  const file = join(store.fileOf(`${await prefixOf(store, postgres)}/dumps`), name, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as DumpManifest;
  const change = async (tables: object[], owner = 'app') => {
    const databases = manifest.databases.map((each) => (each.name === 'shop' ? { ...each, tables, owner } : each));
    await writeFile(file, JSON.stringify({ ...manifest, databases }));
  };
  const tables = manifest.databases.find((each) => each.name === 'shop')?.tables ?? [];
  await change([...tables, { name: 'public.customers', rows: 3 }]);
  await fails(SWAP, /is not what its manifest says: shop: public\.customers has no rows, 3 there$/);
  await change(tables.map((each) => ({ ...each, rows: each.rows + 1 })));
  await fails(SWAP, /shop: public\.empty has 0 rows, 1 there, shop: public\.orders has 1000 rows, 1001 there$/);
  await change([...tables]);

  await withDumpLock(postgres.connection, 0, async () => {
    const meeting = await runDumpJob(store, postgres, ARCHIVE);
    assert.equal(meeting.code, 1);
    assert.match(String(meeting.report.message), /a dump of this server, or a restore of one into it, is running/);
  });
});

async function untilThere(postgres: Postgres, name: string): Promise<void> {
  while ((await postgres.value(`select count(*)::text from pg_database where datname = '${name}'`)) === '0')
    await sleep(5);
}

engineTest(
  'whoever is killed leaves the old database as it was, and the next run mends the rest',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { postgres } = stage;
    await ask(postgres, 'shop', 'insert into orders select generate_series(1, 500000)');
    const name = await dump(stage);
    const before = await databasesOf(stage);

    const drained = load(stage, SWAP, {
      during: async (_, agent) => {
        await untilThere(postgres, workName(SWAP));
        agent.kill('SIGTERM');
      },
    });
    await assertFailed(stage, before, drained, /^the restore was ended from outside/);

    const loading = await load(stage, SWAP, {
      during: async (_, agent) => {
        await untilThere(postgres, workName(SWAP));
        await killTree(agent);
      },
    });
    assert.notEqual(loading.code, 0);
    const left = await databasesOf(stage);
    assert.equal(without(left, 'walguard_load_undo '), before);
    assert.notEqual(left, before, 'it broke off in the middle');

    const beside = await load(stage, BESIDE);
    assert.equal(beside.code, 0, beside.stdout);
    const loaded = await databasesOf(stage);
    assert.equal(without(loaded, 'shop_again '), before, 'what had broken off is gone');
    assert.ok(loaded.includes(markOf(SWAP, name)), 'loaded and verified');

    // A session that does not end when it is told to: Postgres waits for it between the two renames, and the agent dies meanwhile.
    await withStuckSession(postgres, async () => {
      const swapping = await load(stage, SWAP, {
        during: async (_, agent) => {
          while (!(await isRenaming(postgres))) await sleep(20);
          await killTree(agent);
        },
      });
      assert.notEqual(swapping.code, 0);
      while (await isRenaming(postgres)) await sleep(100);
      assert.equal(await databasesOf(stage), loaded);
      assert.equal(await rowsOf(stage, 'shop'), '501000', 'clients come in');
      await assertFailed(
        stage,
        loaded,
        load(stage, SWAP),
        /could not take the place of "shop", which is as it was: .*accessed by other users/,
      );
    });

    const mended = await load(stage, SWAP);
    assert.equal(mended.code, 0, mended.stdout);
    assert.match(
      String(mended.report.note),
      /^it was loaded and verified by an earlier run of this restore; its owner/,
    );
    assert.deepEqual(
      (await databasesOf(stage)).split('\n').map((line) => line.split(' ')[0]),
      ['postgres', 'shop', 'shop_before_undo', 'template0', 'template1'],
    );
  },
);

/** The lines that do not begin like that. */
function without(lines: string, start: string): string {
  return lines
    .split('\n')
    .filter((line) => !line.startsWith(start))
    .join('\n');
}

/** In the new database; stopped by the kernel, so that it takes no signal of Postgres's. */
async function withStuckSession(postgres: Postgres, use: () => Promise<void>): Promise<void> {
  const connection = { ...postgres.connection, database: BESIDE.name };
  await withClient(connection, async (client) => {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const { pid } = rows[0] as { pid: number };
    process.kill(pid, 'SIGSTOP');
    try {
      await use();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
}

async function isRenaming(postgres: Postgres): Promise<boolean> {
  const words = '\'alter database "shop_again" rename%\'';
  const count = `select count(*)::text from pg_stat_activity where query like ${words} and state = 'active'`;
  return (await postgres.value(count)) !== '0';
}
