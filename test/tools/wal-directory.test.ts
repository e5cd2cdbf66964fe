// pg_wal measured by its files, in a directory made like one.
import assert from 'node:assert/strict';
import { mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listReady, readWalBacklog } from '../../src/tools/wal-directory.ts';
import { makeTempDir } from '../support/temp.ts';

const MB = 1024 * 1024;
const segment = (number: number, timeline = 1) => `0000000${timeline}000000000000000${number}`;

/** pg_wal is a link, as where it has a volume of its own. */
async function makeCluster(context: TestContext, marks: readonly string[]): Promise<string> {
  const [pgdata, volume] = [await makeTempDir(context), await makeTempDir(context)];
  await symlink(volume, join(pgdata, 'pg_wal'));
  await mkdir(join(volume, 'archive_status'));
  for (const name of [1, 2, 3].map((number) => segment(number))) {
    await writeFile(join(volume, name), '');
    await truncate(join(volume, name), MB);
  }
  // Neither of them is a segment.
  await writeFile(join(volume, '00000002.history'), 'history');
  await writeFile(join(volume, 'xlogtemp.17'), 'half a segment');
  for (const mark of marks) await writeFile(join(volume, 'archive_status', mark), '');
  return pgdata;
}

test('segments, what waits, since when, and the volume behind the link', async (context) => {
  const marks = [
    `${segment(1)}.done`,
    `${segment(2)}.ready`,
    `${segment(3)}.ready`,
    `${segment(2)}.00000028.backup.ready`,
  ];
  const pgdata = await makeCluster(context, marks);
  const since = new Date('2026-11-21T10:00:00Z');
  await utimes(join(pgdata, 'pg_wal', 'archive_status', `${segment(2)}.ready`), since, since);
  const backlog = (await readWalBacklog(pgdata)) ?? assert.fail('not measured');
  const { volumeBytes, volumeFreeBytes, ...rest } = backlog;
  assert.deepEqual(rest, {
    waiting: 3,
    oldest: { name: segment(2), since: since.toISOString() },
    segmentBytes: MB,
    walBytes: 3 * MB,
  });
  assert.ok(volumeBytes > volumeFreeBytes && volumeFreeBytes > 0);
});

test('nothing waits: there is no oldest one', async (context) => {
  const backlog = await readWalBacklog(await makeCluster(context, []));
  assert.deepEqual([backlog?.waiting, backlog?.oldest], [0, undefined]);
});

test('what waits comes in the order in which Postgres has it archived: histories, then an older timeline', async (context) => {
  const pgdata = await makeCluster(context, [
    `${segment(3, 2)}.ready`,
    '00000002.history.ready',
    `${segment(2)}.ready`,
  ]);
  assert.deepEqual(await listReady(pgdata), ['00000002.history', segment(2), segment(3, 2)]);
});

test('without pg_wal nothing is known, and nothing waits', async (context) => {
  const pgdata = await makeCluster(context, []);
  await rm(join(pgdata, 'pg_wal'));
  assert.equal(await readWalBacklog(pgdata), undefined);
  assert.deepEqual(await listReady(pgdata), []);
});
