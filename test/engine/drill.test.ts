// Drills with real programs: what a good one shows, what each fault of the backups is found by, and what is no fault of theirs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ENCRYPTION_KEY_FILE } from '../../src/api/names.ts';
import type { RestorePlanSummary } from '../../src/api/restore.ts';
import { until } from '../support/processes.ts';
import { SETTINGS } from '../support/workloads.ts';
import { backupOf, take } from './support/base-backup.ts';
import { type Drilled, listProcesses, runDrillJob } from './support/drill.ts';
import { runDumpJob } from './support/dump.ts';
import {
  ARCHIVE_ARGUMENTS,
  closeSegments,
  engineTest,
  killTree,
  type Postgres,
  prefixOf,
  runJob,
  startPod,
  startPostgres,
  startSidecar,
  startStore,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';
import { provideRoot } from './support/programs.ts';
import { tellStory, without } from './support/story.ts';

/** What it says, in short; and that it could be read by the controller. */
function outcome({ code, drill, report, stdout, stderr }: Drilled): string {
  assert.ok(drill, `${JSON.stringify(report)}\n${stdout}${stderr}`);
  assert.equal(code, drill.result === 'passed' ? 0 : 1);
  assert.ok(Buffer.byteLength(JSON.stringify(report)) <= 4096);
  return drill.result;
}

function assertOutcome(job: Drilled, wanted: 'passed' | 'failed' | 'unknown', message: RegExp): void {
  assert.equal(outcome(job), wanted, `${job.drill.message}\n${job.stdout}`);
  assert.match(job.drill.message, message);
  assert.deepEqual([job.evidence.outcome, job.evidence.message], [wanted, job.drill.message]);
}

async function flip(file: string, at = 0.5): Promise<() => Promise<void>> {
  const bytes = await readFile(file);
  const changed = Buffer.from(bytes);
  const place = Math.floor(bytes.length * at);
  changed.writeUInt8(changed.readUInt8(place) ^ 0xff, place);
  await writeFile(file, changed);
  return () => writeFile(file, bytes);
}

engineTest(
  'a good one passes: its times, every check, and nothing of the source is touched',
  async (context, engine) => {
    const { world, second } = await tellStory(context, engine);
    const { store, postgres } = world;
    await postgres.sql('create table schema_migrations (version bigint, dirty boolean)');
    await postgres.sql('insert into schema_migrations values (42, false)');
    const [last] = await closeSegments(postgres, 1);
    await waitForArchived(postgres, last);
    const before = await store.list();
    const checks = [{ name: 'filled', database: 'postgres', sql: 'select count(*) from filler', expect: '10' }];
    const job = await runDrillJob(context, store, postgres, { checks });
    assertOutcome(job, 'passed', /^the copy took writes after [\d.]+ s; 8 checks passed, 1 did not apply$/);
    const { drill, evidence } = job;
    const kept = `shop/orders/evidence/${drill.evidence}.json`;
    assert.deepEqual(await store.list(), [...before, kept].sort());
    assert.deepEqual(listProcesses(job.volume), []);

    assert.deepEqual([drill.baseBackup, drill.checks, drill.failedChecks], [second, 8, undefined]);
    assert.ok(Number(drill.rtoSeconds) > 0 && Number(drill.achievedRpoSeconds) > 0);
    const digest = async (path: string) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    const server = join(await provideRoot(postgres.pod.major), postgres.pod.bin, 'postgres');
    assert.deepEqual(evidence.versions.digests, {
      engine: await digest(engine.binary),
      postgres: await digest(server),
    });
    assert.deepEqual(
      evidence.phases.map(({ name }) => name),
      ['fetch', 'start', 'replay', 'checks'],
    );
    const seen = Object.fromEntries(evidence.checks.map(({ name, result, seen }) => [name, `${result}: ${seen}`]));
    assert.match(seen['end-of-wal'] ?? '', /^passed: LSN 0\/[0-9A-F]+000000$/);
    assert.match(seen.amcheck ?? '', /^passed: \d+ indexes and \d+ tables of 1 databases$/);
    assert.match(seen.checksums ?? '', /^skipped: this cluster has no data checksums/);
    assert.equal(seen.rows, 'passed: 11 rows in 2 tables; there is no dump to compare with');
    assert.equal(seen.migrations, 'passed: postgres: golang-migrate: 42');
    assert.equal(seen['sql:filled'], 'passed: 10');
    assert.equal(seen['control-file'], `passed: shut down, of cluster ${await postgres.systemIdentifier()}`);
    assert.equal(seen.databases, 'passed: each takes connections: postgres');
  },
);

engineTest('each fault of the backups is found, by the check that it is for', async (context, engine) => {
  const { world, first, second, after, segmentFile, parts } = await tellStory(context, engine);
  const drill = () => runDrillJob(context, world.store, world.postgres);
  await without(await segmentFile(after[1]), async () => {
    const job = await drill();
    assertOutcome(job, 'failed', new RegExp(`end-of-wal failed: LSN .*: ${after[1]} is missing in the store`));
    assert.deepEqual(job.drill.failedChecks, ['end-of-wal']);
    assert.ok(Number(job.drill.rtoSeconds) > 0, 'what came back is told all the same');
  });
  for (const place of [0.1, 0.5]) {
    const putBack = await flip(await segmentFile(after[1]), place);
    assertOutcome(await drill(), 'failed', new RegExp(`${after[1]}`));
    await putBack();
  }
  const [part = ''] = (await parts(second)).sort();
  const whole = await readFile(part);
  await truncate(part, whole.length - 1000);
  const cut = await drill();
  assertOutcome(cut, 'failed', new RegExp(`base-backup failed: ${first}, because of ${second} \\(backup-damaged\\)`));
  await writeFile(part, whole);
  assertOutcome(await drill(), 'passed', /took writes/);
});

engineTest('a key that is lost, or another one, is a backup that nobody can read', async (context, engine) => {
  const settings = { ...SETTINGS, storage: { ...SETTINGS.storage, encryptionKeySecret: 'key' } };
  const key = '0123456789abcdef'.repeat(4);
  const store = await startStore(context);
  const pod = await startPod(context, { engine });
  await writeFile(join(pod.storage, ENCRYPTION_KEY_FILE), key);
  const postgres = await startPostgres(pod, { args: ARCHIVE_ARGUMENTS });
  const sidecar = await startSidecar(context, store, postgres, { settings });
  await sidecar.until('the daemon runs', ({ daemon }) => daemon === 'running');
  await closeSegments(postgres, 1);
  const { code, stderr } = await runJob('base-backup', store, postgres, { settings });
  assert.equal(code, 0, stderr);
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
  const drill = (text?: string) =>
    runDrillJob(context, store, postgres, {
      agent: { settings },
      prepare: async ({ storage }) => (text ? writeFile(join(storage, ENCRYPTION_KEY_FILE), text) : undefined),
    });
  assertOutcome(await drill(key), 'passed', /took writes/);
  assertOutcome(await drill(), 'failed', /^no encryption key/);
  assertOutcome(await drill('f'.repeat(64)), 'failed', /decrypt|failed with code/);
  const prefix = await prefixOf(store, postgres);
  const [part = ''] = (await store.list(`${prefix}/basebackups_005`)).filter((name) => name.includes('/part_'));
  await flip(store.fileOf(part));
  assertOutcome(await drill(key), 'failed', /^backup-fetch failed with code/);
});

engineTest(
  'damage that was backed up is found in the copy: by checksums, by amcheck, by reading',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { postgres, store } = world;
    await enableChecksums(postgres);
    await postgres.sql(
      'create table t as select g, md5(g::text) m from generate_series(1, 5000) g; create index on t (m)',
    );
    backupOf(await take(world));
    const good = await runDrillJob(context, store, postgres);
    assertOutcome(good, 'passed', /took writes/);
    assert.match(good.check('checksums')?.seen ?? '', /^\d+ blocks, none is bad$/);

    await postgres.sql('checkpoint');
    const path = join(postgres.pgdata, await postgres.value("select pg_relation_filepath('t')"));
    await postgres.stop();
    const file = await open(path, 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 8192 + 4000);
    await file.close();
    await postgres.start();
    backupOf(await take(world));
    const bad = await runDrillJob(context, store, postgres);
    assertOutcome(bad, 'failed', /invalid page|checksum/);
    assert.deepEqual(bad.drill.failedChecks, ['rows', 'amcheck', 'checksums']);
  },
);

engineTest(
  'a flipped byte in a tar is found wherever it falls, where the cluster has checksums',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { postgres, store } = world;
    await enableChecksums(postgres);
    backupOf(await take(world));
    const parts = (await store.list(await prefixOf(store, postgres))).filter((name) => name.includes('/part_')).sort();
    for (const place of [0.2, 0.5, 0.8]) {
      const putBack = await flip(store.fileOf(parts[0] ?? ''), place);
      const job = await runDrillJob(context, store, postgres);
      assertOutcome(job, 'failed', /checksum|invalid page|backup-fetch failed|Postgres ended/);
      await putBack();
    }
    assertOutcome(await runDrillJob(context, store, postgres), 'passed', /took writes/);
  },
);

async function enableChecksums({ pod, pgdata, stop, start }: Postgres): Promise<void> {
  await stop();
  const enabled = await pod.run(`${pod.bin}/pg_checksums`, ['--enable', '--no-sync', '-D', pgdata]);
  assert.equal(enabled.code, 0, enabled.stderr);
  await start();
}

engineTest('what is no fault of the backups is unknown, and says what to do', async (context, engine) => {
  const { world } = await tellStory(context, engine);
  const { store, postgres } = world;
  const full = await runDrillJob(context, store, postgres, {
    prepare: async (_pod, volume) =>
      void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0777', 'tmpfs', volume]),
  });
  execFileSync('umount', [full.volume]);
  assertOutcome(full, 'unknown', /The disposable volume is full: .* enlarge/);

  const late = await runDrillJob(context, store, postgres, { timeoutSeconds: 1 });
  assertOutcome(late, 'unknown', /^the drill was ended at its deadline, after 1 s\. It says nothing about the backups/);
  assert.deepEqual(listProcesses(late.volume), []);

  const away = await runDrillJob(context, store, postgres, {
    during: async ({ volume }) => {
      await until('it is fetched', () => existsSync(join(volume, 'pgdata', 'recovery.signal')), 30_000);
      await store.stop();
    },
  });
  assertOutcome(away, 'unknown', /Postgres ended with code .*see that the store answers/);
  assert.deepEqual(listProcesses(away.volume), []);
  const gone = await runDrillJob(context, store, postgres, { agent: { env: { WALG_S3_MAX_RETRIES: '1' } } });
  assertOutcome(gone, 'unknown', /see that the store answers/);
  await store.start();
  assertOutcome(await runDrillJob(context, store, postgres), 'passed', /took writes/);
});

engineTest('killed in the middle, by whichever end, it leaves no process', async (context, engine) => {
  const { world } = await tellStory(context, engine);
  const { store, postgres } = world;
  const untilRunning = (volume: string) =>
    until('the copy runs', () => existsSync(join(volume, 'pgdata', 'postmaster.pid')), 30_000);
  const tools = await runDrillJob(context, store, postgres, {
    during: async ({ container, volume }) => {
      await untilRunning(volume);
      await killTree(container);
    },
  });
  assertOutcome(tools, 'unknown', /^the container .* ended in the middle/);
  assert.deepEqual(listProcesses(tools.volume), []);

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const job = await runDrillJob(context, store, postgres, {
      checks: [{ name: 'slow', database: 'postgres', sql: 'select pg_sleep(60)', expect: '' }],
      during: async ({ agent, container, volume }) => {
        await untilRunning(volume);
        await sleep(1000);
        // The kernel ends whatever else is in its container.
        if (signal === 'SIGKILL') await killTree(agent);
        else agent.kill(signal);
        await until('the other container ends by itself', () => container.exitCode !== null, 20_000);
        await until('nothing is left', () => listProcesses(volume).length === 0, 10_000);
      },
    });
    if (signal === 'SIGKILL') assert.deepEqual(job.report, {}, 'Kubernetes has its word for that');
    else assertOutcome(job, 'unknown', /^the drill was ended from outside/);
  }
});

engineTest('what a drill took is what the plan of a restore expects from then on', async (context, engine) => {
  const { world } = await tellStory(context, engine);
  const { store, postgres } = world;
  const plan = async () => {
    const env = {
      WALGUARD_SOURCE_PREFIX: await prefixOf(store, postgres),
      ...{ WALGUARD_TARGET: '{"latest":true}', WALGUARD_PLAN_ONLY: '1' },
    };
    const { code, report, stdout } = await runJob('restore', store, postgres, { env });
    assert.equal(code, 0, stdout);
    return report.plan as RestorePlanSummary;
  };
  assert.equal((await plan()).estimatedSeconds, undefined);
  const { drill, evidence } = await runDrillJob(context, store, postgres, { amcheck: false });
  assert.equal(drill.result, 'passed');
  const took = evidence.phases.filter(({ name }) => name === 'fetch' || name === 'replay');
  const seconds = took.reduce((sum, phase) => sum + phase.seconds, 0);
  assert.equal((await plan()).estimatedSeconds, Math.ceil(seconds));
});

engineTest('statements of the user, in the policy and in a ConfigMap: expected and seen', async (context, engine) => {
  const { world } = await tellStory(context, engine);
  const { store, postgres } = world;
  const check = (name: string, sql: string, expect: string, database = 'postgres') => ({ name, database, sql, expect });
  const options = {
    amcheck: false,
    checksFrom: 'more-checks',
    checks: [
      check('few', 'select count(*) from filler', '1000'),
      check('writes', 'delete from filler', ''),
      check('two', 'select 1; select 2', '2'),
      check('rows', 'select generate_series(1, 3)', '1'),
      check('nowhere', 'select 1', '1', 'other'),
      check('null', 'select null', 'NULL'),
    ],
    prepare: async ({ directory }: { directory: string }) => {
      await writeFile(
        join(directory, 'checks', 'enough.yaml'),
        'sql: |\n  select count(*) > 3\n  from filler\nexpect: t\n',
      );
      await writeFile(join(directory, 'checks', 'torn'), '{"sql": 5}');
    },
  };
  const job = await runDrillJob(context, store, postgres, options);
  assertOutcome(job, 'failed', /sql:few failed: 9 \(expected 1000\)/);
  const seen = job.evidence.checks
    .filter(({ name }) => name.startsWith('sql:'))
    .map((each) => [each.name, each.result, each.seen]);
  assert.deepEqual(seen, [
    ['sql:few', 'failed', '9'],
    ['sql:writes', 'failed', 'cannot execute DELETE in a read-only transaction'],
    ['sql:two', 'failed', 'cannot insert multiple commands into a prepared statement'],
    ['sql:rows', 'failed', '3 rows of 1 columns, where one value is asked for'],
    ['sql:nowhere', 'failed', 'database "other" does not exist'],
    ['sql:null', 'failed', 'NULL'],
    ['sql:enough', 'passed', 't'],
    ['sql:torn', 'unknown', 'ConfigMap more-checks: torn.sql must be one statement'],
  ]);
  assert.equal(job.check('amcheck')?.result, 'skipped');
  const missing = await runDrillJob(context, store, postgres, { checksFrom: 'more-checks' });
  assertOutcome(missing, 'unknown', /the ConfigMap more-checks of checksFrom is missing, or empty/);
});

engineTest(
  'the copy reaches nobody, whatever its configuration says, and runs with its own settings',
  async (context, engine) => {
    const { world } = await tellStory(context, engine);
    const { store, postgres } = world;
    const mark = join(await postgres.pod.makeDirectory('marks'), 'mark');
    const conf = [
      `archive_mode = always`,
      `archive_command = 'touch ${mark}'`,
      `recovery_end_command = 'touch ${mark}'`,
      `primary_conninfo = 'host=127.0.0.1 port=${postgres.port}'`,
      `listen_addresses = '*'`,
      `ssl = on`,
      `synchronous_standby_names = '*'`,
      `work_mem = '7MB'`,
    ];
    const show = (name: string, expect: string) => ({ name, database: 'postgres', sql: `show ${name}`, expect });
    const job = await runDrillJob(context, store, postgres, {
      serverOptions: [
        'maintenance_work_mem=9MB',
        'restore_command=/bin/false',
        'shared_preload_libraries=auto_explain',
      ],
      checks: [
        ...[show('archive_mode', 'off'), show('listen_addresses', ''), show('maintenance_work_mem', '9MB')],
        ...[show('shared_preload_libraries', 'auto_explain'), show('cluster_name', 'walguard-drill')],
      ],
    });
    assertOutcome(job, 'passed', /took writes/);
    const file = join(postgres.pod.directory, 'outside.conf');
    await writeFile(file, `${conf.join('\n')}\n`);
    const outside = await runDrillJob(context, store, postgres, {
      serverOptions: [`config_file=${file}`],
      checks: [show('work_mem', '7MB'), show('archive_mode', 'off')],
    });
    assertOutcome(outside, 'passed', /took writes/);
    assert.equal(existsSync(mark), false);
  },
);

engineTest(
  'a random moment, and one that lies back; what is older than all there is says nothing',
  async (context, engine) => {
    const { world } = await tellStory(context, engine);
    const { store, postgres } = world;
    const random = await runDrillJob(context, store, postgres, { target: 'random' });
    assertOutcome(random, 'passed', /took writes/);
    assert.equal(random.drill.achievedRpoSeconds, undefined);
    const lag = await runDrillJob(context, store, postgres, { target: 'lag', lagSeconds: 2 });
    assertOutcome(lag, 'passed', /took writes/);
    const old = await runDrillJob(context, store, postgres, { target: 'lag', lagSeconds: 86_400 });
    assertOutcome(old, 'unknown', /the lag of 86400 s leads to .* Shorten the lag/);
  },
);

engineTest(
  'a dump comes back with just its rows, by each tool; one that lacks a table is found',
  async (context, engine) => {
    const store = await startStore(context);
    const pod = await startPod(context, { engine });
    const postgres = await startPostgres(pod);
    await postgres.sql(
      'create role app login; create table orders as select g from generate_series(1, 100) g; create table lines (a int)',
    );
    await postgres.sql('create database "it\'s odd"');
    const none = await runDrillJob(context, store, postgres, { source: 'dump' });
    assertOutcome(none, 'failed', /^there is no dump in the store/);
    for (const options of [{ tool: 'pg_dump', format: 'custom' }, { tool: 'pg_dump' }, {}] as const) {
      const dumped = await runDumpJob(store, postgres, options);
      assert.equal(dumped.code, 0, dumped.stdout);
      const { name } = dumped.report.dump as { name: string };
      const job = await runDrillJob(context, store, postgres, { source: 'dump' });
      assertOutcome(job, 'passed', /took writes/);
      assert.equal(job.drill.baseBackup, name);
      assert.deepEqual(job.check('manifest')?.seen, 'every table has as many');
      assert.ok(Number(job.drill.achievedRpoSeconds) > 0);
      assert.deepEqual(listProcesses(job.volume), []);
      await sleep(1000);
    }
    const folder = store.fileOf(`${await prefixOf(store, postgres)}/dumps`);
    const newest = join(folder, (await readdir(folder)).sort().at(-1) ?? '');
    const file = join(newest, 'cluster.sql.gz');
    const whole = await readFile(file);
    await truncate(file, whole.length - 100);
    assertOutcome(
      await runDrillJob(context, store, postgres, { source: 'dump' }),
      'failed',
      /unexpected end of file|SHA-256/,
    );

    const text = gunzipSync(whole).toString('utf8');
    const less = gzipSync(
      text
        .replace(/COPY public\.orders [\s\S]*?\n\\\.\n/, '')
        .replace(/CREATE TABLE public\.orders [\s\S]*?;/, '')
        .replace(/ALTER TABLE public\.orders .*/, ''),
    );
    await writeFile(file, less);
    const manifest = join(newest, 'manifest.json');
    const described = JSON.parse(await readFile(manifest, 'utf8'));
    described.files[0].sha256 = createHash('sha256').update(less).digest('hex');
    await writeFile(manifest, JSON.stringify(described));
    const job = await runDrillJob(context, store, postgres, { source: 'dump' });
    assertOutcome(
      job,
      'failed',
      /manifest failed: postgres: public\.orders has no rows, 100 there \(expected 100 rows in 2 tables\)/,
    );
  },
);
