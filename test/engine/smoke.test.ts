// The whole way once, on the oldest and the newest PostgreSQL that the tests' images have programs for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clockOf,
  closeSegments,
  describeEngines,
  engineTest,
  restoreTo,
  runJob,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

test('which engines this run is about', async (context) => {
  context.diagnostic(await describeEngines());
});

for (const major of [15, 17, 18] as const) {
  engineTest(`PostgreSQL ${major}: archive, base backup, restore to a time, its rows`, async (context, engine) => {
    const world = await startWorld(context, { engine, major });
    const { store, postgres } = world;
    const backup = await runJob('base-backup', store, postgres);
    assert.equal(backup.code, 0, backup.stdout + backup.stderr);
    await closeSegments(postgres, 3);
    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 2)).at(-1));
    const restored = await restoreTo(context, world, target);
    assert.equal(await restored.postgres.value('select count(*) from filler'), '3', restored.postgres.log());
    assert.equal(await postgres.value('select count(*) from filler'), '5');
  });
}
