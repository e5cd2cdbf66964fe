import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHistory, parseListing, sortListing } from '../../src/lib/store-listing.ts';
import { SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';

const PART = 'basebackups_005/base_000000010000000000000003/tar_partitions/part_001.tar.lz4';
const PARSED = [{ path: PART, bytes: 4347510, modifiedAt: '2026-11-21T02:42:43.298Z' }];

test("either engine's table is read", () => {
  const walrus = `type\tsize\tlast modified\tname\nobj\t4347510\t2026-11-21T02:42:43.298Z\t${PART}\n`;
  const walG = `type size    last modified                           name\nobj  4347510 2026-11-21 02:42:43.298412475 +0000 UTC ${PART}\n`;
  const elsewhere = walG.replace('02:42:43.298412475 +0000 UTC', '03:42:43.298 +0100 CET');
  for (const text of [walrus, walG, elsewhere]) assert.deepEqual(parseListing(text), PARSED);
});

test('an empty store is an empty list, with and without directories', () => {
  assert.deepEqual(parseListing('type\tsize\tlast modified\tname\n'), []);
  assert.deepEqual(parseListing(''), []);
  assert.deepEqual(parseListing('type size last modified name\ndir  0 0001-01-01 00:00:00 +0000 UTC wal_005/'), []);
});

test('a line or a head that is not understood is an error, never left out', () => {
  assert.throws(() => parseListing('Usage: walrus st ls'), /does not begin with its table's head/);
  for (const line of ['obj\t12\t\tname', 'obj  x 2026-11-21 02:42:43 +0000 UTC name', 'obj\t12\t2026-11-21T02:42:43Z'])
    assert.throws(
      () => parseListing(`type\tsize\tlast modified\tname\n${line}\n`),
      /a line that is not understood/,
      line,
    );
});

const at = (path: string, bytes = 100, modifiedAt = '2026-11-21T02:00:00.000Z') => ({ path, bytes, modifiedAt });
const sort = (...objects: ReturnType<typeof at>[]) => sortListing(objects);

test("a backup's parts are summed, and what finishes it is found", () => {
  const base = 'basebackups_005/base_000000010000000000000003';
  const delta = `${base.replace(/3$/, '5')}_D_000000010000000000000003`;
  const { backups } = sort(
    at(`${base}/tar_partitions/part_001.tar.lz4`, 1000),
    at(`${base}/tar_partitions/pg_control.tar.lz4`, 30),
    at(`${base}/files_metadata.json`, 7),
    at(`${base}/metadata.json`, 7),
    at(`${base}_backup_stop_sentinel.json`, 7),
    at(`${delta}/tar_partitions/part_001.tar.lz4`, 50),
    at('basebackups_005/stray.txt'),
  );
  assert.deepEqual(backups, [
    {
      name: 'base_000000010000000000000003',
      sentinel: `${base}_backup_stop_sentinel.json`,
      hasMetadata: true,
      storedBytes: 1030,
      parts: 2,
    },
    {
      name: 'base_000000010000000000000005_D_000000010000000000000003',
      hasMetadata: false,
      storedBytes: 50,
      parts: 1,
    },
  ]);
});

test('segments are whole ones in any compression, by their names; an empty one is none', () => {
  const { segments, histories } = sort(
    at('wal_005/000000010000000000000004.zst', 4),
    at('wal_005/000000010000000000000003.lz4', 3),
    at('wal_005/000000010000000000000005', SEGMENT_BYTES),
    at('wal_005/000000010000000000000006.lz4', 0),
    at('wal_005/000000010000000000000007.partial.lz4'),
    at('wal_005/000000010000000000000003.00000028.backup.lz4'),
    at('wal_005/000000010000000000000008.lz4.tmp'),
    at('wal_005/00000002.history'),
    at('wal_005/0000000A.history.lz4'),
    at('owner.json'),
  );
  assert.deepEqual(
    segments.map(({ name, bytes }) => [name.slice(-1), bytes]),
    [
      ['3', 3],
      ['4', 4],
      ['5', SEGMENT_BYTES],
    ],
  );
  assert.deepEqual(histories, ['wal_005/00000002.history', 'wal_005/0000000A.history.lz4']);
});

test('a segment that is there in two compressions counts once, the newer one', () => {
  const { segments } = sort(
    at('wal_005/000000010000000000000003.zst', 1, '2026-11-21T03:00:00.000Z'),
    at('wal_005/000000010000000000000003.lz4', 2, '2026-11-21T02:00:00.000Z'),
  );
  assert.deepEqual(segments, [{ name: '000000010000000000000003', bytes: 1, modifiedAt: '2026-11-21T03:00:00.000Z' }]);
});

test("a history's last line names the parent", () => {
  const text = '1\t0/3000028\tno recovery target specified\n\n2\t0/9000000\tbefore 2026-11-21 10:00:00+00\n';
  assert.deepEqual(parseHistory(3, text), { timeline: 3, parent: 2, at: '0/9000000' });
  for (const bad of ['', '# nothing\n', 'garbage']) assert.throws(() => parseHistory(2, bad), /names no parent/);
});
