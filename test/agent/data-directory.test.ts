import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  assertEmpty,
  fetchInto,
  finishRestore,
  prepareRecovery,
  readIdentity,
  readRestoreRecord,
} from '../../src/agent/data-directory.ts';
import { LETTING_GO_RECORD, LETTING_GO_RESERVE, RESTORE_RECORD, RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import type { RestoreRecord } from '../../src/api/reports.ts';
import { makeTempDir } from '../support/temp.ts';

const RECORD: RestoreRecord = {
  restore: 'undo',
  uid: 'uid-of-undo',
  storagePrefix: 's3://backups/shop/orders/15/42',
  target: { time: '2026-11-21T09:41:00.000Z' },
  baseBackup: 'base_1',
  namespace: 'shop',
  database: 'copy',
  systemIdentifier: '42',
  incarnation: 'r20261121201533',
  signature: 'of the job',
};

function writeControl(pgdata: string, systemIdentifier: bigint): void {
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(systemIdentifier);
  mkdirSync(join(pgdata, 'global'), { recursive: true });
  writeFileSync(join(pgdata, 'global', 'pg_control'), bytes);
}

test('the identity is read once initdb has written both files, and is none before', async (context) => {
  const pgdata = await makeTempDir(context);
  assert.equal(await readIdentity(join(pgdata, 'absent')), undefined);
  assert.equal(await readIdentity(pgdata), undefined);
  writeFileSync(join(pgdata, 'PG_VERSION'), '15\n');
  assert.equal(await readIdentity(pgdata), undefined);
  writeControl(pgdata, 0n);
  assert.equal(await readIdentity(pgdata), undefined);
  writeControl(pgdata, 7710449571138806556n);
  assert.deepEqual(await readIdentity(pgdata), {
    major: 15,
    systemIdentifier: '7710449571138806556',
    incarnation: undefined,
  });
});

test('the incarnation is that of the restore under way, or else of the last one', async (context) => {
  const pgdata = await makeTempDir(context);
  writeFileSync(join(pgdata, 'PG_VERSION'), '15\n');
  writeControl(pgdata, 42n);
  const told = async () => (await readIdentity(pgdata))?.incarnation;
  const write = (name: string, record: unknown) => writeFileSync(join(pgdata, name), JSON.stringify(record));
  write(RESTORE_RECORD_DONE, { restore: 'of an older walguard' });
  assert.equal(await told(), undefined);
  write(RESTORE_RECORD_DONE, { ...RECORD, incarnation: 'r1' });
  assert.equal(await told(), 'r1');
  write(RESTORE_RECORD, { ...RECORD, incarnation: 'r2' });
  assert.equal(await told(), 'r2');
  for (const broken of [null, 42, { incarnation: '../x' }]) {
    write(RESTORE_RECORD, broken);
    await assert.rejects(told(), /nobody knows where this database archives/);
  }
});

test('files that are there but cannot be read are an error, not an empty directory', async (context) => {
  const pgdata = await makeTempDir(context);
  writeControl(pgdata, 1n);
  mkdirSync(join(pgdata, 'PG_VERSION'));
  await assert.rejects(readIdentity(pgdata), /PG_VERSION is not a regular file/);
});

test('a restore begins on nothing, or on what a new file system has', async (context) => {
  const pgdata = await makeTempDir(context);
  await assertEmpty(join(pgdata, 'absent'));
  await assertEmpty(pgdata);
  mkdirSync(join(pgdata, 'lost+found'));
  await assertEmpty(pgdata);
});

test('a restore never overwrites: whatever else is there stops it, and is named', async (context) => {
  const pgdata = await makeTempDir(context);
  for (const name of ['PG_VERSION', 'a', 'b', 'c']) writeFileSync(join(pgdata, name), '');
  await assert.rejects(
    assertEmpty(pgdata),
    /is not empty \(PG_VERSION, a, b \.\.\.\); a restore never overwrites data/,
  );
  const file = join(pgdata, 'a');
  await assert.rejects(assertEmpty(file), /ENOTDIR/);
});

test('what is fetched stands in the data directory in the end, whoever owns that', async (context) => {
  const directory = await makeTempDir(context);
  mkdirSync(join(directory, 'lost+found'));
  await fetchInto(directory, async (inside) => {
    // As engines do; the data directory itself may be root's.
    chmodSync(inside, 0o700);
    mkdirSync(join(inside, 'global'));
    writeFileSync(join(inside, 'PG_VERSION'), '15');
  });
  assert.deepEqual(readdirSync(directory).sort(), ['PG_VERSION', 'global', 'lost+found']);
});

test('a fetch that fails leaves nothing that could be taken for a data directory', async (context) => {
  const directory = await makeTempDir(context);
  const fetch = async (inside: string) => {
    writeFileSync(join(inside, 'PG_VERSION'), '15');
    throw new Error('the store is away');
  };
  await assert.rejects(fetchInto(directory, fetch), /the store is away/);
  assert.equal(await readIdentity(directory), undefined);
  await assert.rejects(assertEmpty(directory), /is not empty/);
});

test('a fetched backup becomes a cluster that recovers to the target when it starts', async (context) => {
  const pgdata = await makeTempDir(context);
  const before = "work_mem = '8MB'\narchive_command = 'wal-g wal-push %p'\n";
  writeFileSync(join(pgdata, 'postgresql.auto.conf'), before);
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  const conf = readFileSync(join(pgdata, 'postgresql.auto.conf'), 'utf8');
  assert.match(conf, /^work_mem = '8MB'$/m);
  assert.match(conf, /^recovery_target_time = '2026-11-21 09:41:00/m);
  assert.doesNotMatch(conf, /^archive_command/m);
  assert.equal(readFileSync(join(pgdata, 'recovery.signal'), 'utf8'), '');
  assert.deepEqual(await readRestoreRecord(pgdata), RECORD);
  assert.equal(statSync(pgdata).mode & 0o777, 0o700);
  assert.equal(statSync(join(pgdata, 'postgresql.auto.conf')).mode & 0o777, 0o600);
  const names = (await readdir(pgdata)).sort();
  assert.deepEqual(names, ['pg_wal', 'postgresql.auto.conf', 'recovery.signal', 'walguard-restore.json']);
});

test('a source with pg_wal on another volume: the restored cluster has its own, and nothing that was let go', async (context) => {
  const pgdata = await makeTempDir(context);
  symlinkSync(join(pgdata, 'gone'), join(pgdata, 'pg_wal'));
  writeFileSync(join(pgdata, LETTING_GO_RECORD), '{}');
  writeFileSync(join(pgdata, LETTING_GO_RESERVE), '');
  writeFileSync(join(pgdata, RESTORE_RECORD_DONE), '{}');
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  assert.ok(lstatSync(join(pgdata, 'pg_wal')).isDirectory());
  assert.equal(existsSync(join(pgdata, LETTING_GO_RECORD)), false);
  assert.equal(existsSync(join(pgdata, LETTING_GO_RESERVE)), false);
  assert.equal(existsSync(join(pgdata, RESTORE_RECORD_DONE)), false, "the source's own restore");
});

test('pg_wal as the engine left it stays', async (context) => {
  const pgdata = await makeTempDir(context);
  mkdirSync(join(pgdata, 'pg_wal'));
  writeFileSync(join(pgdata, 'pg_wal', '00000002.history'), 'history');
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  assert.deepEqual(readdirSync(join(pgdata, 'pg_wal')), ['00000002.history']);
});

test('a backup without postgresql.auto.conf is prepared too, and twice gives the same as once', async (context) => {
  const pgdata = await makeTempDir(context);
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  const once = readFileSync(join(pgdata, 'postgresql.auto.conf'), 'utf8');
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  assert.equal(readFileSync(join(pgdata, 'postgresql.auto.conf'), 'utf8'), once);
});

test('a copy that nobody serves keeps no record of how its source was restored', async (context) => {
  const pgdata = await makeTempDir(context);
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  await prepareRecovery(pgdata, RECORD.target);
  assert.equal(await readRestoreRecord(pgdata), undefined);
});

test('where the settings cannot be written no start of Postgres recovers', async (context) => {
  const pgdata = await makeTempDir(context);
  mkdirSync(join(pgdata, 'postgresql.auto.conf'));
  await assert.rejects(prepareRecovery(pgdata, RECORD.target, RECORD));
  assert.equal(existsSync(join(pgdata, 'recovery.signal')), false);
});

test('a recovery is served until Postgres says that it is over, not until its signal is gone', async (context) => {
  const pgdata = await makeTempDir(context);
  assert.equal(await readRestoreRecord(pgdata), undefined);
  await prepareRecovery(pgdata, RECORD.target, RECORD);
  assert.deepEqual(await readRestoreRecord(pgdata), RECORD);
  // Postgres removes the signal, and then asks for the history of a timeline.
  rmSync(join(pgdata, 'recovery.signal'));
  assert.deepEqual(await readRestoreRecord(pgdata), RECORD);
  await finishRestore(pgdata);
  assert.equal(await readRestoreRecord(pgdata), undefined);
  assert.ok(existsSync(join(pgdata, 'walguard-restore.done.json')), 'where the data came from stays known');
});

test("a recovery of the user's own is none of ours", async (context) => {
  const pgdata = await makeTempDir(context);
  writeFileSync(join(pgdata, 'recovery.signal'), '');
  assert.equal(await readRestoreRecord(pgdata), undefined);
});
