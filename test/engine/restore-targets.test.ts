// Every kind of target brings back just the rows that were there then.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { RestoreTarget } from '../../src/api/restore.ts';
import {
  clockOf,
  closeSegments,
  engineTest,
  type Job,
  prefixOf,
  restoreInto,
  restoreTo,
  runJob,
  startPod,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

async function backUp({ store, postgres }: World): Promise<string> {
  const { report, code, stderr } = await runJob('base-backup', store, postgres);
  assert.equal(code, 0, `${JSON.stringify(report)}${stderr}`);
  return (report.backup as { name: string }).name;
}

/** Rows of one restore; each archives for itself, though all have one name. */
async function rowsAt(context: TestContext, world: World, target: string | RestoreTarget): Promise<string> {
  const { postgres, sidecar } = await restoreTo(context, world, target);
  const rows = await postgres.value("select coalesce(string_agg(n::text, ',' order by n), '') from story");
  await sidecar.stop();
  await postgres.stop();
  return rows;
}

/** What the job says where it refuses. */
async function refusal(context: TestContext, world: World, target: string | RestoreTarget): Promise<string> {
  const pod = await startPod(context, { engine: world.pod.engine, major: world.pod.major });
  const pgdata = await pod.makeDirectory('data');
  const job: Job = await restoreInto(world, pod, pgdata, await prefixOf(world.store, world.postgres), target);
  assert.equal(job.code, 1, JSON.stringify(job.report));
  return String(job.report.message);
}

/** A row for each moment: 1 before a time, 2 by a transaction, 3 before a restore point, 4 before a position, 5 before a backup. */
async function tellMoments(world: World) {
  const { postgres } = world;
  await postgres.sql('create table story (n integer)');
  await closeSegments(postgres, 1);
  const first = await backUp(world);
  await postgres.sql('insert into story values (1)');
  const time = await clockOf(postgres);
  const xid = await postgres.value('with row as (insert into story values (2)) select txid_current()');
  await closeSegments(postgres, 1);
  await postgres.sql('insert into story values (3)');
  await postgres.sql("select pg_create_restore_point('before the drop')");
  await postgres.sql('insert into story values (4)');
  const lsn = await postgres.value('select pg_current_wal_insert_lsn()');
  await postgres.sql('insert into story values (5)');
  await backUp(world);
  await postgres.sql('insert into story values (6)');
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
  return { first, time, xid, lsn };
}

for (const major of [15, 17] as const) {
  engineTest(`PG ${major}: time, xid, name, lsn, immediate, latest, a base backup`, async (context, engine) => {
    const world = await startWorld(context, { engine, major });
    const { first, time, xid, lsn } = await tellMoments(world);
    assert.equal(await rowsAt(context, world, time), '1');
    assert.equal(await rowsAt(context, world, { xid }), '1,2');
    assert.equal(await rowsAt(context, world, { name: 'before the drop' }), '1,2,3');
    assert.equal(await rowsAt(context, world, { name: 'before the drop', backup: first }), '1,2,3');
    assert.equal(await rowsAt(context, world, { lsn }), '1,2,3,4');
    assert.equal(await rowsAt(context, world, { immediate: true }), '1,2,3,4,5');
    assert.equal(await rowsAt(context, world, { backup: first }), '');
    assert.equal(await rowsAt(context, world, { latest: true }), '1,2,3,4,5,6');
  });
}

engineTest(
  'a time behind the last commit is the end of the archive; what is nowhere is refused',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const { first, lsn } = await tellMoments(world);
    assert.equal(await rowsAt(context, world, await clockOf(world.postgres)), '1,2,3,4,5,6');
    const windows = /What can be restored: from .* on/;
    const far = lsn.replace(/^0/, '7F');
    for (const target of [{ xid: '4000000000' }, { name: 'never made' }, { lsn: far }, '2026-01-01T00:00:00Z'])
      assert.match(await refusal(context, world, target), windows);
    const unknown = 'base_0000000100000000000000FF';
    assert.match(
      await refusal(context, world, { backup: unknown }),
      new RegExp(`there is no base backup ${unknown}; there are: ${first}`),
    );
  },
);
