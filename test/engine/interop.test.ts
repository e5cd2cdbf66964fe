// One bucket format: what one engine wrote the other one restores, full and delta, both ways. Only where both are there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackupList } from '../../src/lib/backup-list.ts';
import { deltaEnv } from '../../src/tools/engine.ts';
import {
  clockOf,
  closeSegments,
  connectionEnv,
  ENGINE_IDS,
  engineEnv,
  provideEngine,
  restoreTo,
  runEngine,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

const pairs = ENGINE_IDS.flatMap((from) => ENGINE_IDS.filter((to) => to !== from).map((to) => ({ from, to })));

if (pairs.length === 0) {
  test('interop of walrus and WAL-G', (context) => {
    context.diagnostic('interop: not run, WALG_BIN is not set');
  });
}

for (const { from, to } of pairs) {
  test(`${from} writes, ${to} restores: a full backup, a delta on it, and WAL`, async (context) => {
    const engine = await provideEngine(from);
    const world = await startWorld(context, { engine });
    const { store, pod, postgres } = world;
    const env = { ...(await engineEnv(store, postgres)), ...connectionEnv(postgres) };
    await postgres.sql('create table grown as select generate_series(1, 50000) as id, 0 as round');
    let parent: string | undefined;
    for (const round of [1, 2]) {
      await postgres.sql(`update grown set round = ${round} where id % 7 = ${round}`);
      await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
      const args = engine.backupPushArgs({ dataDir: postgres.pgdata, isFull: parent === undefined });
      const pushed = await runEngine(pod, args, { ...env, ...(parent === undefined ? {} : deltaEnv(parent, 3)) });
      assert.equal(pushed.code, 0, pushed.stderr);
      parent = parseBackupList((await runEngine(pod, engine.backupListArgs, env)).stdout).at(-1)?.name;
    }
    await postgres.sql('update grown set round = 3 where id % 7 = 3');
    const target = await clockOf(postgres);
    for (let i = 0; i < 2; i++) await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const restored = await restoreTo(context, world, target, await provideEngine(to));
    const sum = "select count(*) || ' ' || sum(round) from grown";
    assert.equal(await restored.postgres.value(sum), await postgres.value(sum));
  });
}
