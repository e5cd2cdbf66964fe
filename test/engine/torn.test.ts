// An upload that was cut off and that the store kept (versitygw does, of senders without a checksum): archiving goes on.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  clockOf,
  closeSegments,
  engineTest,
  prefixOf,
  restoreTo,
  runJob,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

engineTest(
  'a segment that lies torn in the store is removed and archived, and no row is lost',
  async (context, engine) => {
    // The others' stores compare checksums, and nothing like it comes about.
    if (engine.signsUploads) return context.diagnostic(`${engine.id}: not run, its uploads carry checksums`);
    const world = await startWorld(context, { engine });
    const { store, postgres, sidecar } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    const [before = ''] = await closeSegments(postgres, 1);
    await waitForArchived(postgres, before);
    const fileOf = async (segment: string) => store.fileOf(`${await prefixOf(store, postgres)}/wal_005/${segment}.lz4`);
    await postgres.sql('insert into filler default values');
    const next = await postgres.value('select pg_walfile_name(pg_current_wal_lsn())');
    const torn = (await readFile(await fileOf(before))).subarray(0, 1000);
    await writeFile(await fileOf(next), torn);
    assert.deepEqual(await closeSegments(postgres, 1), [next]);
    const deadline = Date.now() + 60_000;
    while ((await readFile(await fileOf(next)).catch(() => torn)).equals(torn)) {
      assert.ok(Date.now() < deadline, sidecar.log().slice(-3000));
      await sleep(500);
      // After three failures Postgres tries again when there is another one to archive.
      await closeSegments(postgres, 1);
    }
    assert.match(sidecar.log(), new RegExp(`"path":"wal_005/${next}.lz4".*cut off is removed`));
    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const restored = await restoreTo(context, world, target);
    const rows = `select count(*) from filler where at < '${target}'`;
    assert.equal(await restored.postgres.value(rows), await postgres.value(rows));
  },
);
