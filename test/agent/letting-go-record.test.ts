// The record of WAL that was let go, and the room that is kept for it. On a volume that is full: test/engine/storage-full.test.ts.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepReserve, readRecord, writeRecord } from '../../src/agent/letting-go-record.ts';
import { LETTING_GO_RECORD, LETTING_GO_RESERVE } from '../../src/api/names.ts';
import { makeTempDir } from '../support/temp.ts';

const RECORD = {
  database: 'shop/orders',
  systemIdentifier: '7710449571138806556',
  since: '2026-11-21T10:00:00.000Z',
  until: '2026-11-21T10:02:00.000Z',
};

test('a record is read as it was written, and leaves room for the next one', async (context) => {
  const pgdata = await makeTempDir(context);
  assert.equal(await readRecord(pgdata), undefined);
  await writeRecord(pgdata, RECORD);
  assert.deepEqual(await readRecord(pgdata), RECORD);
  assert.deepEqual((await readdir(pgdata)).sort(), [LETTING_GO_RECORD, LETTING_GO_RESERVE].sort());
});

test('the reserve takes blocks of its own, is kept once it is there, and never goes through a link', async (context) => {
  const pgdata = await makeTempDir(context);
  await keepReserve(pgdata);
  const made = await stat(join(pgdata, LETTING_GO_RESERVE));
  assert.ok(made.blocks * 512 >= 256 * 1024);
  await keepReserve(pgdata);
  assert.equal((await stat(join(pgdata, LETTING_GO_RESERVE))).ino, made.ino);
  const other = await makeTempDir(context);
  await writeFile(join(other, 'precious'), 'x');
  await symlink(join(other, 'precious'), join(other, LETTING_GO_RESERVE));
  await keepReserve(other);
  assert.equal(await readFile(join(other, 'precious'), 'utf8'), 'x');
});
