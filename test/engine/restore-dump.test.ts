// Restores from dumps with real programs: what comes back, that it lives on as a database of its own, and that what is not whole
// fails and leaves nothing that could be started.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ARCHIVE_ARGUMENTS, startSidecar } from './support/agent.ts';
import { listProcesses } from './support/drill.ts';
import { type DumpOptions, runDumpJob } from './support/dump.ts';
import { ask } from './support/dump-restore.ts';
import { fingerprint, ODD, ROWS, seed, TABLES, TWO_LINES } from './support/dump-story.ts';
import {
  type EngineUnderTest,
  engineTest,
  type Postgres,
  prefixOf,
  type Store,
  startPod,
  startPostgres,
  startStore,
  waitForArchived,
} from './support/engine-world.ts';
import { adoptLoaded, type Loaded, type LoadOptions, runLoadJob } from './support/load.ts';
import { killTree } from './support/pod.ts';

interface Stage {
  readonly context: TestContext;
  readonly store: Store;
  readonly postgres: Postgres;
}

async function startStage(context: TestContext, engine: EngineUnderTest): Promise<Stage> {
  const store = await startStore(context);
  return { context, store, postgres: await startPostgres(await startPod(context, { engine })) };
}

async function dump({ store, postgres }: Stage, options: DumpOptions = {}): Promise<string> {
  const { code, stdout, stderr, report } = await runDumpJob(store, postgres, options);
  assert.equal(code, 0, stdout + stderr);
  return (report.dump as { name: string }).name;
}

const load = ({ context, store, postgres }: Stage, options?: LoadOptions) =>
  runLoadJob(context, store, postgres, options);

/** The folder of a dump in the bucket. */
async function folderOf({ store, postgres }: Stage, name: string): Promise<string> {
  return join(store.fileOf(`${await prefixOf(store, postgres)}/dumps`), name);
}

/** It said why, and nothing is where Postgres would look for a cluster. */
async function assertFailed(job: Loaded, pattern: RegExp): Promise<void> {
  assert.equal(job.code, 1, job.stdout);
  assert.match(String(job.report.message), pattern);
  assert.ok(!(await readdir(job.pgdata)).includes('PG_VERSION'), 'a start would find no cluster');
  assert.deepEqual(listProcesses(job.volume), []);
}

/** Roles, extensions, and what belongs to the databases themselves. */
const MORE = [
  'create extension citext; create extension hstore; create table typed (a citext, b hstore); insert into typed values ($$Q$$, $$a=>1$$)',
  "set password_encryption = 'md5'; create role old login password 'old-secret'",
  'create database owned owner app',
  'alter database owned set work_mem = \'7MB\'; revoke connect on database owned from public; grant connect on database owned to "Odd role"',
];

const ABOUT_DATABASES = `
  select string_agg(concat_ws(' ', datname, datdba::regrole, pg_encoding_to_char(encoding), datcollate, datctype,
         (select array_agg(a::text order by a::text) from unnest(datacl) a),
         (select setconfig from pg_db_role_setting where setdatabase = d.oid and setrole = 0)), E'\\n' order by datname)
    from pg_database d where not datistemplate and datname <> 'postgres'`;

const ABOUT_EXTENSIONS = "select string_agg(extname || extversion, ' ' order by extname) from pg_extension";

const VARIANTS: readonly DumpOptions[] = [
  { tool: 'pg_dumpall' },
  { tool: 'pg_dumpall', destination: 'volume' },
  { tool: 'pg_dump', format: 'gzip' },
  { tool: 'pg_dump', format: 'custom' },
];

engineTest('every kind of dump becomes a database of its own, with all that was in it', async (context, engine) => {
  const stage = await startStage(context, engine);
  const { postgres } = stage;
  await seed(postgres);
  for (const statement of MORE) await postgres.sql(statement);
  for (const options of VARIANTS) {
    const label = JSON.stringify(options);
    const isEach = options.tool === 'pg_dump';
    if (isEach) {
      await postgres.sql(`create database "${TWO_LINES}" owner app`);
      await ask(postgres, TWO_LINES, 'create table there (a int); insert into there values (7)');
    }
    const name = await dump(stage, options);
    const { destination = 'storage' } = options;
    const isRoot = options.format === 'custom';
    const job = await load(stage, {
      destination,
      isRoot,
      prepare: async ({ directory }) =>
        cpSync(join(postgres.pod.directory, 'dumps'), join(directory, 'dumps'), { recursive: true }),
    });
    assert.equal(job.code, 0, label + job.stdout + job.stderr);
    const { name: loaded, tables, rows } = job.report.dump as Record<string, unknown>;
    const more = isEach ? 2 : 1;
    assert.deepEqual([loaded, tables, rows], [name, TABLES + more, ROWS + more], label);
    assert.match(String(job.report.note), /^a dump holds no postgresql\.conf/);
    assert.deepEqual(listProcesses(job.volume), [], 'it was stopped');
    assert.ok(!(await readdir(job.pgdata)).includes('postmaster.pid'));

    await assertLives(stage, job, ['postgres', 'empty', 'owned', ODD, ...(isEach ? [TWO_LINES] : [])], label);
    if (isEach) await postgres.sql(`drop database "${TWO_LINES}"`);
    // Names of dumps are of seconds.
    await sleep(1000);
  }
});

/** Started as any database it has all of the source's, and archives where no other does. */
async function assertLives({ context, store, postgres }: Stage, job: Loaded, databases: string[], label: string) {
  const copy = await adoptLoaded(job, ARCHIVE_ARGUMENTS);
  const sidecar = await startSidecar(context, store, copy, { database: 'orders-from-dump' });
  await copy.start();
  assert.deepEqual(await fingerprint(copy, databases), await fingerprint(postgres, databases), label);
  for (const question of [ABOUT_DATABASES, ABOUT_EXTENSIONS])
    assert.equal(await ask(copy, 'postgres', question), await ask(postgres, 'postgres', question), label);
  assert.equal(await copy.value('show data_checksums'), 'on');
  assert.equal(await copy.value("select count(*) > 0 from pg_stats where tablename = 'orders'"), 'true', 'ANALYZE ran');
  assert.match(await readFile(join(job.pgdata, 'pg_hba.conf'), 'utf8'), /^host all all all md5$/m);
  assert.doesNotMatch(copy.log(), /not properly shut down|was interrupted/);

  await sidecar.until(
    'it archives on its own',
    ({ daemon, inRecovery }) => daemon === 'running' && inRecovery === false,
  );
  const own = await prefixOf(store, copy, { database: 'orders-from-dump' });
  assert.notEqual(await copy.systemIdentifier(), await postgres.systemIdentifier());
  const segment = await copy.value('select pg_walfile_name(pg_switch_wal())');
  await waitForArchived(copy, segment);
  assert.ok(
    (await store.list(own)).some((key) => key.includes(segment)),
    label,
  );
  await sidecar.stop();
  await copy.stop();
}

engineTest(
  'a plan reads the manifest alone; a dump that is not there is said, with those that are',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    await assertFailed(
      await load(stage, { prepare: async (pod) => void (await pod.makeDirectory('volume/pgdata')) }),
      /^there is no whole dump below s3:.*; restore a base backup instead$/,
    );
    await stage.postgres.sql('create table orders as select g from generate_series(1, 100) g');
    const first = await dump(stage);
    await sleep(1000);
    await stage.postgres.sql('truncate orders');
    const second = await dump(stage);

    const planned = await load(stage, { planOnly: true });
    assert.equal(planned.code, 0, planned.stdout);
    assert.match(String(planned.report.note), /^the dump is much smaller than the one before: it holds 0 rows/);
    assert.deepEqual(await readdir(planned.volume), []);
    const named = await load(stage, { dump: first, planOnly: true });
    const { name, rows, databases } = named.report.dump as Record<string, unknown>;
    assert.deepEqual([name, rows, databases], [first, 100, 1]);
    const wrong = await load(stage, { dump: '20200101T000000Z-pg_dump', planOnly: true });
    assert.match(String(wrong.report.message), new RegExp(`no whole dump "2020.*the newest are: ${first}, ${second}$`));
  },
);

engineTest('what does not come back whole fails, and leaves nothing that starts', async (context, engine) => {
  const stage = await startStage(context, engine);
  await stage.postgres.sql('create table orders as select g from generate_series(1, 100) g; create role app');
  const folder = await folderOf(stage, await dump(stage));
  const file = join(folder, 'cluster.sql.gz');
  const whole = await readFile(file);

  await truncate(file, whole.length - 100);
  await assertFailed(await load(stage), /cluster\.sql\.gz could not be restored: .*(unexpected end of file|SHA-256)/);

  const sql = gunzipSync(whole).toString('utf8');
  await replaceSql(folder, sql.replace(/COPY public\.orders [\s\S]*?\n\\\.\n/, ''));
  await assertFailed(
    await load(stage),
    /is not what its manifest says: postgres: public\.orders has 0 rows, 100 there$/,
  );

  const without = sql
    .replace(/COPY public\.orders [\s\S]*?\n\\\.\n/, '')
    .replace(/CREATE TABLE public\.orders [\s\S]*?;/, '')
    .replace(/ALTER TABLE public\.orders .*/, '');
  await replaceSql(folder, without);
  await assertFailed(await load(stage), /public\.orders has no rows, 100 there$/);

  await replaceSql(folder, sql.replaceAll(/^.* ROLE app\b.*$/gm, ''));
  await assertFailed(await load(stage), /is not what its manifest says: role app is not there$/);

  await replaceSql(folder, sql.replace('CREATE TABLE public.orders', 'CREATE TABLE nowhere.orders'));
  await assertFailed(await load(stage), /could not be restored: ERROR: {2}schema "nowhere" does not exist \| .*ERROR/);

  await replaceSql(folder, sql);
  const ended = await load(stage, {
    during: async (container, _agent, pgdata) => {
      const hasBegun = () => existsSync(join(pgdata, '.walguard-fetch', 'PG_VERSION'));
      while (!hasBegun()) await sleep(20);
      await killTree(container);
    },
  });
  assert.equal(ended.code, 1);
  assert.match(String(ended.report.message), /container with the database's own tools ended/);
  const used = await load(stage, {
    prepare: async (pod) => void (await writeFile(join(await pod.makeDirectory('volume/pgdata'), 'PG_VERSION'), '15')),
  });
  assert.match(String(used.report.message), /is not empty \(PG_VERSION \.\.\.\); a restore never overwrites data/);
});

async function replaceSql(folder: string, sql: string): Promise<void> {
  const bytes = gzipSync(sql);
  await writeFile(join(folder, 'cluster.sql.gz'), bytes);
  const manifest = join(folder, 'manifest.json');
  const described = JSON.parse(await readFile(manifest, 'utf8'));
  described.files[0].sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(manifest, JSON.stringify(described));
}
