// Deltas of the real engine: how many, onto what, and restored.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { backupOf, take } from './support/base-backup.ts';
import {
  clockOf,
  closeSegments,
  engineTest,
  prefixOf,
  restoreTo,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

engineTest('deltas: as many as are wanted, each onto the one before, and restored', async (context, engine) => {
  const world = await startWorld(context, { engine });
  await world.postgres.sql(
    'create table pages as select i, repeat(md5(i::text), 30) as text from generate_series(1, 4000) i',
  );
  const kinds: unknown[] = [];
  const names: string[] = [];
  for (let round = 0; round < 4; round++) {
    await closeSegments(world.postgres, 1);
    await world.postgres.sql(`update pages set text = 'round ${round}' where i % 400 = ${round}`);
    const { kind, name } = backupOf(await take(world, { WALGUARD_DELTA_STEPS: '2' }));
    kinds.push(kind);
    names.push(name);
    if (round === 2) {
      await waitForArchived(world.postgres, (await closeSegments(world.postgres, 1)).at(-1));
      const checksum = `select md5(string_agg(i || text, ',' order by i)) from pages`;
      const expected = await world.postgres.value(checksum);
      const target = await clockOf(world.postgres);
      await waitForArchived(world.postgres, (await closeSegments(world.postgres, 1)).at(-1));
      const { postgres } = await restoreTo(context, world, target);
      assert.equal(await postgres.value(checksum), expected);
    }
  }
  assert.deepEqual(kinds, ['full', 'delta', 'delta', 'full']);
  const segments = names.map((name) => name.slice('base_'.length).split('_D_'));
  assert.deepEqual([segments[1]?.[1], segments[2]?.[1]], [segments[0]?.[0], segments[1]?.[0]]);
});

engineTest(
  'deltas: none onto a backup before a gap, and none where a full one is asked for',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const DELTAS = { WALGUARD_DELTA_STEPS: '5' };
    backupOf(await take(world, DELTAS));
    const [lost, last] = await closeSegments(world.postgres, 2);
    assert.equal(backupOf(await take(world, DELTAS)).kind, 'delta');
    assert.equal(backupOf(await take(world, { ...DELTAS, WALGUARD_FULL: 'true' })).kind, 'full');
    assert.equal(backupOf(await take(world, DELTAS)).kind, 'delta');
    const [gone, after] = await closeSegments(world.postgres, 2);
    await waitForArchived(world.postgres, after);
    assert.ok(lost && last && gone);
    await rm(world.store.fileOf(`${await prefixOf(world.store, world.postgres)}/wal_005/${gone}.lz4`));
    assert.equal(backupOf(await take(world, DELTAS)).kind, 'full');
  },
);
