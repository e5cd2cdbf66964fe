// What a verification finds of each fault of a real store.
import assert from 'node:assert/strict';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { engineTest, restoreTo } from './support/engine-world.ts';
import { codes, runVerify, shape, tellStory, verify, without } from './support/story.ts';

engineTest(
  'each fault of the store is found, by its name and with the windows that are left',
  async (context, engine) => {
    const { world, first, second, between, after, file, segmentFile, parts } = await tellStory(context, engine);
    const clean = await verify(world);
    assert.deepEqual([codes(clean), shape(clean), clean.rebaseAfter], [[], [['open', 2]], undefined]);
    assert.deepEqual([clean.inventory.baseBackups, clean.inventory.fullBackups], [2, 2]);

    await without(await segmentFile(between[2]), async () => {
      const gap = await verify(world);
      assert.deepEqual(
        [codes(gap), shape(gap)],
        [
          ['wal-gap'],
          [
            ['closed', 1],
            ['open', 1],
          ],
        ],
      );
      assert.match(
        gap.findings[0]?.message ?? '',
        new RegExp(`^WAL is missing: ${between[2]}, 1 segment; no moment between`),
      );
      assert.equal(gap.rebaseAfter, undefined, 'the second base backup comes after it');
    });
    await without(await segmentFile(after[1]), async () => {
      const gap = await verify(world);
      assert.deepEqual([codes(gap), shape(gap), gap.rebaseAfter], [['wal-gap'], [['closed', 2]], after[2]]);
    });
    await without(await segmentFile(after[2]), async () => {
      const lost = await verify(world);
      assert.deepEqual(
        [codes(lost), shape(lost), lost.rebaseAfter],
        [['archived-not-stored'], [['closed', 2]], after[2]],
      );
    });
    await without(file(`basebackups_005/${second}_backup_stop_sentinel.json`), async () => {
      const found = await verify(world);
      assert.deepEqual([codes(found), shape(found)], [['backup-incomplete'], [['open', 1]]]);
    });
    const [part = ''] = await parts(first);
    await without(part, async () => {
      const found = await verify(world);
      assert.deepEqual([codes(found), shape(found)], [['backup-damaged'], [['open', 1]]]);
      assert.match(found.findings[0]?.message ?? '', new RegExp(`^${first}: its \\d+ parts in the store have`));
    });
    // Initialised anew, or another database: another place, where nothing is.
    const elsewhere = await verify(world, 'other');
    assert.deepEqual([codes(elsewhere), shape(elsewhere), elsewhere.rebaseAfter], [['no-base-backup'], [], undefined]);
    assert.deepEqual(codes(await verify(world)), [], 'all is back');

    await world.store.stop();
    const { report, code } = await runVerify(world, { WALG_DOWNLOAD_FILE_RETRIES: '1' });
    assert.deepEqual([code, report.ok, 'findings' in report], [1, false, false], 'not to find out is no finding');
    assert.match(String(report.message), /^st ls /);
  },
);

engineTest(
  'a truncated tar is found, and a restore takes the backup before it; changed bytes are for a drill to find',
  async (context, engine) => {
    const { world, second, parts } = await tellStory(context, engine);
    const target = await world.postgres.value(
      `select to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from filler`,
    );
    const rows = await world.postgres.value(`select count(*) from filler where at <= '${target}'`);
    const [part = ''] = (await parts(second)).sort();
    const bytes = await readFile(part);
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bytes.length >> 1) ^ 0xff, bytes.length >> 1);
    await writeFile(part, changed);
    assert.deepEqual(codes(await verify(world)), [], 'a listing knows sizes only');
    await truncate(part, bytes.length - 1000);
    const found = await verify(world);
    assert.deepEqual([codes(found), shape(found)], [['backup-damaged'], [['open', 1]]]);
    const restored = await restoreTo(context, world, target);
    assert.equal(await restored.postgres.value('select count(*) from filler'), rows);
  },
);
