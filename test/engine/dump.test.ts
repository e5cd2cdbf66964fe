// Dumps by the real tools, through the real sh of the image, into the real store: each one is restored and compared.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENCRYPTION_KEY_FILE } from '../../src/api/names.ts';
import type { DumpReport } from '../../src/api/reports.ts';
import { buildStoragePrefix } from '../../src/lib/cluster-identity.ts';
import { withClient } from '../../src/tools/connection.ts';
import { SETTINGS } from '../support/workloads.ts';
import { type DumpOptions, listLeftovers, runDumpJob } from './support/dump.ts';
import { ask, readManifest, restoreDump } from './support/dump-restore.ts';
import { fingerprint, ODD, ROWS, seed, TABLES, TWO_LINES } from './support/dump-story.ts';
import {
  describeEngines,
  type EngineUnderTest,
  engineTest,
  type Job,
  killTree,
  type Postgres,
  prefixOf,
  type Store,
  startPod,
  startPostgres,
  startStore,
} from './support/engine-world.ts';

test('which engines this run is about', async (context) => {
  context.diagnostic(await describeEngines());
});

interface Stage {
  readonly store: Store;
  readonly postgres: Postgres;
}

async function startStage(context: TestContext, engine: EngineUnderTest): Promise<Stage> {
  const store = await startStore(context);
  const pod = await startPod(context, { engine });
  return { store, postgres: await startPostgres(pod) };
}

/** Where the dumps lie, as a directory of the test's. */
async function folderOf({ store, postgres }: Stage, destination: DumpOptions['destination']): Promise<string> {
  if (destination !== 'volume') return store.fileOf(`${await prefixOf(store, postgres)}/dumps`);
  const identity = {
    major: postgres.pod.major,
    systemIdentifier: await postgres.systemIdentifier(),
    incarnation: undefined,
  };
  return `${buildStoragePrefix(join(postgres.pod.directory, 'dumps'), 'shop', 'orders', identity)}/dumps`;
}

/** Names of the dumps that have a manifest, oldest first. */
async function listGood(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const held = await Promise.all(names.map((name) => readdir(join(folder, name)).catch((): string[] => [])));
  return names.filter((_, index) => held[index]?.includes('manifest.json')).sort();
}

type Good = DumpReport & { readonly dump: { readonly name: string; readonly rows: number; readonly tables: number } };

function reportOf(job: Job): Good {
  assert.equal(job.code, 0, job.stdout + job.stderr);
  return job.report as unknown as Good;
}

/** It failed, said why, told no secret, left nothing in the pipes' directory, and listed nothing. */
async function assertFailed(job: Job, stage: Stage, pattern: RegExp, destination?: 'volume'): Promise<void> {
  assert.equal(job.code, 1, job.stdout);
  assert.match(String(job.report.message), pattern);
  for (const secret of [stage.postgres.connection.password, ...Object.values(stage.store.credentials)]) {
    assert.ok(!`${job.stdout}${job.stderr}`.includes(String(secret)), 'a secret is in the log');
  }
  assert.deepEqual(listLeftovers(stage.postgres), []);
  assert.deepEqual(await listGood(await folderOf(stage, destination)), []);
}

const VARIANTS: readonly DumpOptions[] = [
  { tool: 'pg_dumpall', destination: 'storage' },
  { tool: 'pg_dumpall', destination: 'volume' },
  { tool: 'pg_dump', format: 'gzip', destination: 'storage' },
  { tool: 'pg_dump', format: 'custom', destination: 'storage' },
  { tool: 'pg_dump', format: 'custom', destination: 'volume' },
];

engineTest(
  'every kind of dump is restored whole: tables, rows, large objects, roles, odd names',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { store, postgres } = stage;
    await seed(postgres);
    for (const options of VARIANTS) {
      const label = JSON.stringify(options);
      // pg_dumpall itself refuses a name of two lines.
      const isEach = options.tool === 'pg_dump';
      const databases = ['postgres', 'empty', ODD, ...(isEach ? [TWO_LINES] : [])];
      if (isEach) {
        await postgres.sql(`create database "${TWO_LINES}"`);
        await ask(postgres, TWO_LINES, 'create table there (a int); insert into there values (7)');
      }
      const { dump } = reportOf(await runDumpJob(store, postgres, options));
      assert.deepEqual([dump.tables, dump.rows], isEach ? [TABLES + 1, ROWS + 1] : [TABLES, ROWS], label);
      assert.deepEqual(listLeftovers(postgres), []);
      const folder = await folderOf(stage, options.destination);
      const manifest = await readManifest(folder, dump.name);
      assert.deepEqual(manifest.databases.map(({ name }) => name).sort(), [...databases].sort(), label);
      assert.deepEqual(manifest.databases.find(({ name }) => name === ODD)?.tables, [{ name: 'public.here', rows: 2 }]);
      assert.ok(manifest.roles.includes('Odd role') && manifest.roles.includes('app'), label);

      const pod = await startPod(context, { engine });
      const fresh = await startPostgres(pod);
      await restoreDump(folder, manifest, fresh);
      assert.deepEqual(await fingerprint(fresh, databases), await fingerprint(postgres, databases), label);
      await fresh.stop();
      if (isEach) await postgres.sql(`drop database "${TWO_LINES}"`);
    }
  },
);

engineTest('what is encrypted in the archive is encrypted in a dump, on a volume too', async (context, engine) => {
  const stage = await startStage(context, engine);
  const { store, postgres } = stage;
  await writeFile(join(postgres.pod.storage, ENCRYPTION_KEY_FILE), '0123456789abcdef'.repeat(4));
  const settings = { ...SETTINGS, storage: { ...SETTINGS.storage, encryptionKeySecret: 'key' } };
  for (const destination of ['storage', 'volume'] as const) {
    const { dump } = reportOf(await runDumpJob(store, postgres, { destination, agent: { settings } }));
    const folder = join(await folderOf(stage, destination), dump.name);
    for (const name of ['cluster.sql.gz', 'manifest.json']) {
      const bytes = await readFile(join(folder, name));
      assert.notEqual(bytes.subarray(0, 2).toString('hex'), '1f8b', name);
      assert.ok(!bytes.includes('pg_dumpall'), name);
    }
  }
  await rm(join(postgres.pod.storage, ENCRYPTION_KEY_FILE));
  const job = await runDumpJob(store, postgres, { destination: 'volume', agent: { settings } });
  assert.match(String(job.report.message), /no encryption key/);
});

/** 80 MB of which no two are alike, so that a dump of them takes its time. */
async function fill(postgres: Postgres): Promise<void> {
  await postgres.sql(`create table big as select string_agg(md5(random()::text), '') t
    from generate_series(1, 2500000) g group by g / 1000`);
}

/** Resolves while rows of `big` are on their way. */
async function untilCopying(postgres: Postgres): Promise<void> {
  const isCopying = 'select exists (select from pg_stat_progress_copy where bytes_processed > 5000000)';
  while ((await postgres.value(isCopying)) !== 'true') await sleep(20);
}

engineTest(
  'the container with the tools is killed in the middle: a failure, and nothing is listed',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    await fill(stage.postgres);
    const during: DumpOptions['during'] = async (client) => {
      await untilCopying(stage.postgres);
      await killTree(client);
    };
    await assertFailed(await runDumpJob(stage.store, stage.postgres, { during }), stage, /ended in the middle/);
    // Nothing that came so far is taken for the whole.
    assert.deepEqual(await stage.store.list(), []);
  },
);

engineTest('the tool fails in the middle: its code and its words are the report', async (context, engine) => {
  const stage = await startStage(context, engine);
  await fill(stage.postgres);
  const during: DumpOptions['during'] = async () => {
    await untilCopying(stage.postgres);
    await stage.postgres.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walguard dump' and state = 'active'`,
    );
  };
  for (const options of [{}, { tool: 'pg_dump', format: 'custom' }] as const) {
    const job = await runDumpJob(stage.store, stage.postgres, { ...options, during });
    await assertFailed(job, stage, /pg_dump(all)? ended with code 1: .*terminat/);
  }
});

engineTest(
  'the store goes away in the middle: a failure in time, and the next run is good',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    await fill(stage.postgres);
    const during: DumpOptions['during'] = async () => {
      await untilCopying(stage.postgres);
      await stage.store.stop();
    };
    const job = await runDumpJob(stage.store, stage.postgres, { during, timeoutSeconds: 90 });
    assert.equal(job.code, 1, job.stdout);
    await stage.store.start();
    assert.deepEqual(await listGood(await folderOf(stage, 'storage')), []);
    assert.equal(reportOf(await runDumpJob(stage.store, stage.postgres)).dump.tables, 1);
  },
);

engineTest('the volume is full: a failure that says so, and nothing is listed', async (context, engine) => {
  const stage = await startStage(context, engine);
  await fill(stage.postgres);
  const volume = join(stage.postgres.pod.directory, 'dumps');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0777', 'tmpfs', volume]);
  try {
    const job = await runDumpJob(stage.store, stage.postgres, { destination: 'volume' });
    await assertFailed(job, stage, /No space left|os error 28/, 'volume');
  } finally {
    execFileSync('umount', [volume]);
  }
});

engineTest(
  'a wrong password, a name that the tool refuses, a table that stays locked: each says why',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { store, postgres } = stage;
    const stranger = { ...postgres, connection: { ...postgres.connection, password: 'not-the-password' } };
    await assertFailed(await runDumpJob(store, stranger), stage, /password authentication failed/);

    await postgres.sql('create table orders (a int)');
    await withClient(postgres.connection, async (client) => {
      await client.query('begin; lock table orders in access exclusive mode');
      const late = await runDumpJob(store, postgres, { timeoutSeconds: 4 });
      await assertFailed(late, stage, /ended at its deadline, after 4 s/);
      const job = await runDumpJob(store, postgres, { tool: 'pg_dump', format: 'custom' });
      await assertFailed(job, stage, /pg_dump ended with code 1: .*statement timeout/);
    });

    await postgres.sql(`create database "${TWO_LINES}"`);
    await assertFailed(await runDumpJob(store, postgres), stage, /pg_dumpall ended with code 1: .*newline/);
  },
);

engineTest('a standby leaves the dump to its primary', async (context, engine) => {
  const stage = await startStage(context, engine);
  await stage.postgres.stop();
  await writeFile(join(stage.postgres.pgdata, 'standby.signal'), '');
  await stage.postgres.start();
  const job = await runDumpJob(stage.store, stage.postgres);
  assert.deepEqual([job.code, job.report], [0, { ok: true, skipped: 'standby' }]);
});

engineTest(
  'old dumps go after a good one, torn ones after a day, and none while the data shrink',
  async (context, engine) => {
    const stage = await startStage(context, engine);
    const { store, postgres } = stage;
    for (const destination of ['storage', 'volume'] as const) {
      await postgres.sql(
        'drop table if exists t; create table t as select g, md5(g::text) m from generate_series(1, 20000) g',
      );
      const folder = await folderOf(stage, destination);
      const dump = () => runDumpJob(store, postgres, { destination, keepSeconds: 1 }).then(reportOf);
      const first = await dump();
      await tear(folder, '20260101T000000Z-pg_dumpall', new Date('2026-01-01'));
      await tear(folder, '20260102T000000Z-pg_dumpall', new Date());
      await tear(folder, 'of-somebody-else', new Date('2026-01-01'));
      await sleep(1100);
      const second = await dump();
      assert.deepEqual(await listGood(folder), [second.dump.name]);
      assert.deepEqual([(second as { kept?: number }).kept, (second as { removed?: number }).removed], [1, 1]);
      const held = (await readdir(folder)).filter((name) => name !== second.dump.name);
      assert.ok(!held.includes(first.dump.name));
      assert.deepEqual(held.sort(), ['20260102T000000Z-pg_dumpall', 'of-somebody-else']);

      await postgres.sql('delete from t where g > 100');
      await sleep(1100);
      const third = await dump();
      assert.match(String((third.dump as { shrank?: string }).shrank), /it holds 100 rows .* holds 20000/);
      assert.deepEqual(await listGood(folder), [second.dump.name, third.dump.name]);
      await sleep(1100);
      const fourth = await dump();
      assert.deepEqual(await listGood(folder), [fourth.dump.name]);
    }
  },
);

/** What a run that was killed leaves behind. */
async function tear(folder: string, name: string, at: Date): Promise<void> {
  const path = join(folder, name, 'cluster.sql.gz');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'torn');
  for (const each of [path, dirname(path)]) {
    execFileSync('chown', ['999:999', each]);
    await utimes(each, at, at);
  }
}
