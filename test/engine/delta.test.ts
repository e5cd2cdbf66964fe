// Deltas: a chain restores, and where the WAL between is missing a full backup comes instead of a delta that lacks pages.
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { parseBackupList } from '../../src/lib/backup-list.ts';
import { deltaEnv } from '../../src/tools/engine.ts';
import {
  clockOf,
  closeSegments,
  connectionEnv,
  engineEnv,
  engineTest,
  prefixOf,
  restoreTo,
  runEngine,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

async function pushDelta(world: World, parent?: string): Promise<string> {
  const { store, pod, postgres } = world;
  const env = {
    ...(await engineEnv(store, postgres)),
    ...connectionEnv(postgres),
    ...(parent === undefined ? {} : deltaEnv(parent, 3)),
  };
  const args = pod.engine.backupPushArgs({ dataDir: postgres.pgdata, isFull: parent === undefined });
  const { code, stderr } = await runEngine(pod, args, env);
  assert.equal(code, 0, stderr);
  return parseBackupList((await runEngine(pod, pod.engine.backupListArgs, env)).stdout).at(-1)?.name ?? '';
}

const settle = async ({ postgres }: World) => waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));

engineTest('a chain of deltas says what it is built on, and restores to the last row', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, postgres } = world;
  await postgres.sql('create table grown as select generate_series(1, 50000) as id, 0 as round');
  await settle(world);
  const full = await pushDelta(world);
  let parent = full;
  for (const round of [1, 2]) {
    await postgres.sql(
      `update grown set round = ${round} where id % 7 = ${round}; create table added_${round} as select ${round} as id`,
    );
    await settle(world);
    const name = await pushDelta(world, parent);
    // WAL-G names the parent's segment, walrus the whole parent.
    const whole = parent.replace('base_', '');
    const named = engine.id === 'walrus' ? whole : whole.slice(0, 24);
    assert.match(name, new RegExp(`^base_[0-9A-F]{24}_D_${named}$`));
    const sentinel = JSON.parse(
      await readFile(
        store.fileOf(`${await prefixOf(store, postgres)}/basebackups_005/${name}_backup_stop_sentinel.json`),
        'utf8',
      ),
    );
    assert.equal(sentinel.DeltaFrom, parent);
    assert.equal(sentinel.DeltaFullName, full);
    assert.equal(sentinel.DeltaCount, round);
    parent = name;
  }
  const target = await clockOf(postgres);
  await settle(world);
  await settle(world);
  const restored = await restoreTo(context, world, target);
  const count = "select count(*) || ' ' || sum(round) || ' ' || (select count(*) from added_2) from grown";
  assert.equal(await restored.postgres.value(count), await postgres.value(count));
});

engineTest('where WAL since the parent is missing: never a delta without those pages', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, postgres } = world;
  await postgres.sql('create table grown as select generate_series(1, 50000) as id, 0 as round');
  await settle(world);
  const full = await pushDelta(world);
  await postgres.sql('update grown set round = 1 where id % 7 = 1');
  const [lost = ''] = await closeSegments(postgres, 1);
  await waitForArchived(postgres, lost);
  await settle(world);
  await rm(store.fileOf(`${await prefixOf(store, postgres)}/wal_005/${lost}.lz4`));
  const name = await pushDelta(world, full);
  // WAL-G compares pages and needs no WAL for it; walrus takes a full one.
  assert.equal(name.includes('_D_'), engine.id === 'wal-g', name);
  const target = await clockOf(postgres);
  await settle(world);
  await settle(world);
  const restored = await restoreTo(context, world, target);
  assert.equal(
    await restored.postgres.value('select sum(round) from grown'),
    await postgres.value('select sum(round) from grown'),
  );
});
