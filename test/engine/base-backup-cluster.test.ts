// Base backups of a primary with its standby: whose turn it is, and what a failover changes.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { backupOf, listStored, rowsAfterRestore, take } from './support/base-backup.ts';
import { makeCluster } from './support/cluster.ts';
import { engineTest, type Postgres, prefixOf, type Store, startWorld } from './support/engine-world.ts';

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
