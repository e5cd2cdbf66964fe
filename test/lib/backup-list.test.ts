import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBackupList, parseTimeline } from '../../src/lib/backup-list.ts';

/** As WAL-G 3.0.9 printed it with --json --detail. */
const WAL_G = `[{"backup_name":"base_000000010000000000000003","time":"2026-11-21T02:42:43.298412475Z","wal_file_name":"000000010000000000000003","storage_name":"default","start_time":"2026-11-21T02:42:41.933719Z","finish_time":"2026-11-21T02:42:43.281775Z","date_fmt":"%Y-%m-%dT%H:%M:%S.%fZ","hostname":"vm","data_dir":"/var/lib/postgresql/data","pg_version":150018,"start_lsn":50331688,"finish_lsn":50331904,"is_permanent":false,"system_identifier":7710449571138806556,"uncompressed_size":23281133,"compressed_size":4347510,"user_data":{"job":"manual","n":1}}]`;

/** With the keys that walrus 0.4.1 gives. */
const WALRUS = `[
  {"name":"base_000000010000000000000009","start_time":"2026-11-21T04:00:00Z","finish_time":"2026-11-21T04:00:02Z","start_lsn":150995032,"finish_lsn":150995248,"pg_version":150018,"hostname":"orders-0","is_permanent":false,"compressed_size":4300000,"uncompressed_size":23200000},
  {"name":"base_000000010000000000000003","start_time":"2026-11-21T02:42:41Z","finish_time":"2026-11-21T02:42:43Z","start_lsn":50331688,"finish_lsn":50331904,"pg_version":150018,"hostname":"orders-0","is_permanent":false,"compressed_size":4347510,"uncompressed_size":23281133}
]`;

test("WAL-G's list is read", () => {
  assert.deepEqual(parseBackupList(WAL_G), [
    {
      name: 'base_000000010000000000000003',
      startedAt: '2026-11-21T02:42:41.933Z',
      finishedAt: '2026-11-21T02:42:43.281Z',
      compressedSize: 4347510,
      uncompressedSize: 23281133,
    },
  ]);
});

test("walrus's list is read, and put in the order in which the backups finished", () => {
  assert.deepEqual(parseBackupList(WALRUS), [
    {
      name: 'base_000000010000000000000003',
      startedAt: '2026-11-21T02:42:41.000Z',
      finishedAt: '2026-11-21T02:42:43.000Z',
      compressedSize: 4347510,
      uncompressedSize: 23281133,
    },
    {
      name: 'base_000000010000000000000009',
      startedAt: '2026-11-21T04:00:00.000Z',
      finishedAt: '2026-11-21T04:00:02.000Z',
      compressedSize: 4300000,
      uncompressedSize: 23200000,
    },
  ]);
});

test('no backups are an empty list, however the engine says so', () => {
  for (const text of ['[]', '', '\n', '[]\n']) assert.deepEqual(parseBackupList(text), []);
});

test('entries without a name or an end are left out, and what else is missing is left out of the entry', () => {
  const list = parseBackupList(
    JSON.stringify([
      { name: 'running', start_time: '2026-11-21T04:00:00Z' },
      { finish_time: '2026-11-21T04:00:00Z' },
      { name: 'odd', finish_time: 'soon' },
      null,
      { name: 'bare', finish_time: '2026-11-21T04:00:00Z', compressed_size: 1e300, start_time: 7 },
    ]),
  );
  assert.deepEqual(list, [{ name: 'bare', finishedAt: '2026-11-21T04:00:00.000Z' }]);
});

test('anything but a JSON list is an error, never an empty list', () => {
  for (const text of ['{}', 'null', '"a"', 'ERROR: no storage']) assert.throws(() => parseBackupList(text), text);
});

test('a backup says on which timeline it was made', () => {
  assert.equal(parseTimeline('base_0000000A0000000000000003_D_000000010000000000000002'), 10);
  assert.equal(parseTimeline('base_1'), undefined);
});
