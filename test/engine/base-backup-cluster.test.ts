// Base backups of a primary with its standby: whose turn it is, and what a failover changes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { isArchived } from '../../src/tools/postgres.ts';
import { assertFailed, backupOf, listStored, rowsAfterRestore, take } from './support/base-backup.ts';
import { makeCluster } from './support/cluster.ts';
import {
  ARCHIVE_ARGUMENTS,
  adoptPostgres,
  engineTest,
  type Postgres,
  prefixOf,
  type Store,
  startPod,
  startWorld,
} from './support/engine-world.ts';

/** Which of them takes it, by its report. */
async function takeOnAll(
  store: Store,
  members: readonly { postgres: Postgres; env: NodeJS.ProcessEnv }[],
  env: NodeJS.ProcessEnv,
) {
  const reports: (string | undefined)[] = [];
  for (const { postgres, env: own } of members) {
    const job = await take({ store, postgres }, { ...own, ...env });
    assert.equal(job.code, 0, `${job.stdout}${job.stderr}`);
    reports.push('backup' in job.report ? backupOf(job).name : String(job.report.skipped));
  }
  return reports;
}

engineTest('of a cluster one member takes it: the primary, or a standby; restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { members, standby } = await makeCluster(context, world);
  const [first, second] = await takeOnAll(world.store, members, {});
  assert.deepEqual([first?.slice(0, 5), second], ['base_', 'standby']);
  const FROM_STANDBY = { WALGUARD_FROM: 'standby' };
  const [left, taken] = await takeOnAll(world.store, members, FROM_STANDBY);
  assert.deepEqual([left, taken?.slice(0, 5)], ['standby', 'base_']);
  // Of an idle cluster too each gets a name of its own.
  const [, again] = await takeOnAll(world.store, members, FROM_STANDBY);
  assert.equal(new Set([first, taken, again]).size, 3);
  assert.equal((await listStored(world)).length, 3);
  await rm(
    world.store.fileOf(
      `${await prefixOf(world.store, world.postgres)}/basebackups_005/${first}_backup_stop_sentinel.json`,
    ),
  );
  assert.equal(await rowsAfterRestore(context, world), '2');
  // No standby answers: the primary does it. None of the others looks for long.
  await standby.stop();
  const alone = await takeOnAll(world.store, members.slice(0, 1), { ...FROM_STANDBY, WALGUARD_TURN_SECONDS: '6' });
  assert.equal(alone[0]?.slice(0, 5), 'base_');
});

engineTest('after a failover: a full one, under the name of the new timeline', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { members, standby } = await makeCluster(context, world);
  const DELTAS = { WALGUARD_DELTA_STEPS: '5' };
  const [, second] = members;
  await takeOnAll(world.store, members, DELTAS);
  await world.postgres.stop();
  await standby.sql('select pg_promote()');
  const job = await take({ store: world.store, postgres: standby }, { ...second?.env, ...DELTAS });
  const backup = backupOf(job);
  assert.equal(backup.kind, 'full');
  assert.match(backup.name, /^base_00000002/);
});

engineTest(
  'a copy of its volume in another pod: no base backup of it gets among those of the first',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { store, postgres } = world;
    backupOf(await take(world, { WALGUARD_INSTANCE: 'orders-0' }));
    await postgres.stop();
    const pod = await startPod(context, { engine });
    const pgdata = await pod.makeDirectory('data');
    execFileSync('cp', ['-a', `${postgres.pgdata}/.`, pgdata]);
    const copy = await adoptPostgres(pod, pgdata, { args: ARCHIVE_ARGUMENTS });
    await Promise.all([postgres.start(), copy.start()]);
    const job = await take({ store, postgres: copy }, { WALGUARD_INSTANCE: 'orders-1' });
    assertFailed(job, /^nothing was written: another copy of this database writes to the same prefix: shop\/orders-0/);
    assert.equal((await listStored(world)).length, 1);
  },
);

engineTest('what is archived is told byte by byte, whatever language the database speaks', async (context, engine) => {
  const { postgres } = await startWorld(context, { engine });
  await postgres.sql("create database english template template0 locale 'en_US.utf8'");
  const client = new pg.Client({ ...postgres.connection, database: 'english' });
  await client.connect();
  try {
    // The history of a timeline is archived before its first segment. To this language `.h` comes after `0`.
    await client.query("create temp view pg_stat_archiver as select '00000002.history'::text as last_archived_wal");
    assert.equal(await isArchived(client, '000000020000000000000003'), false);
    assert.equal(await isArchived(client, '000000010000000000000003'), true);
  } finally {
    await client.end();
  }
});
