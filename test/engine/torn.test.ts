// An upload that was cut off and that the store kept (versitygw does, of senders without a checksum): archiving goes on.
import assert from 'node:assert/strict';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  clockOf,
  closeSegments,
  engineEnv,
  engineTest,
  prefixOf,
  restoreTo,
  runEngine,
  runJob,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

/** A segment as the engine stores it, by way of a store of files. */
async function pack({ pod, store, postgres }: World, segment: string): Promise<Buffer> {
  const directory = await pod.makeDirectory('packed');
  const { WALG_S3_PREFIX: _none, ...env } = await engineEnv(store, postgres);
  const put = ['st', 'put', join(postgres.pgdata, 'pg_wal', segment), 'object'];
  const { code, stderr } = await runEngine(pod, put, { ...env, WALG_FILE_PREFIX: directory });
  assert.equal(code, 0, stderr);
  const [name = ''] = await readdir(directory);
  return readFile(join(directory, name));
}

/** Where one name is written twice the store removes the first file before it puts the second in its place. */
async function readStored(file: string, explain: () => string): Promise<Buffer> {
  for (const deadline = Date.now() + 5000; ; await sleep(50)) {
    const stored = await readFile(file).catch(() => undefined);
    if (stored) return stored;
    assert.ok(Date.now() < deadline, explain());
  }
}

engineTest(
  'a segment that lies torn in the store is removed and archived, another history is told and kept, and no row is lost',
  async (context, engine) => {
    // The others' stores compare checksums, and nothing like it comes about.
    if (engine.signsUploads) return context.diagnostic(`${engine.id}: not run, its uploads carry checksums`);
    const world = await startWorld(context, { engine });
    const { store, postgres, sidecar } = world;
    assert.equal((await runJob('base-backup', store, postgres)).code, 0);
    const fileOf = async (segment: string) => store.fileOf(`${await prefixOf(store, postgres)}/wal_005/${segment}.lz4`);
    const [before = ''] = await closeSegments(postgres, 1);
    await waitForArchived(postgres, before);

    // An upload of this very segment, half of it.
    await store.stop();
    const [cut = ''] = await closeSegments(postgres, 1);
    const packed = await pack(world, cut);
    const torn = packed.subarray(0, packed.length / 2);
    await writeFile(await fileOf(cut), torn);
    await store.start();
    const deadline = Date.now() + 90_000;
    while ((await readFile(await fileOf(cut)).catch(() => torn)).equals(torn)) {
      assert.ok(Date.now() < deadline, sidecar.log().slice(-3000));
      await sleep(2000);
      // After three failures Postgres tries again when there is another one to archive.
      await closeSegments(postgres, 1);
    }
    assert.match(sidecar.log(), new RegExp(`"path":"wal_005/${cut}.lz4".*cut off is removed`));
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));

    // Another one lies under the name of the segment that is written now.
    const other = await readFile(await fileOf(before));
    await postgres.sql('insert into filler default values');
    const next = await postgres.value('select pg_walfile_name(pg_current_wal_lsn())');
    await writeFile(await fileOf(next), other);
    await closeSegments(postgres, 1);
    const told = new RegExp(`^${next} cannot be archived: another history is stored under its name`);
    await sidecar.until('another history is told', ({ message }) => told.test(message ?? ''), 60_000);
    await sleep(12_000);
    assert.ok((await readFile(await fileOf(next))).equals(other), 'it is not touched');
    // What the message says a person may do.
    await rename(await fileOf(next), `${await fileOf(next)}.away`);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const stored = await readStored(
      await fileOf(next),
      () => `${next} is not in the store\n${sidecar.log().slice(-6000)}`,
    );
    assert.ok(!stored.equals(other));
    await sidecar.until('nothing is in the way any more', ({ message }) => message === undefined, 20_000);

    const target = await clockOf(postgres);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    const restored = await restoreTo(context, world, target);
    const rows = `select count(*) from filler where at < '${target}'`;
    assert.equal(await restored.postgres.value(rows), await postgres.value(rows));
  },
);
