import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCluster } from '../../src/lib/stored-clusters.ts';

const FOLDER = 's3://backups/shop/orders';
const NAME = 'base_000000010000000000000003';

const object = (path: string, day = '20') => ({ path, bytes: 512, modifiedAt: `2026-11-${day}T02:17:00.000Z` });
const backup = (cluster: string, day?: string) =>
  object(`${cluster}/basebackups_005/${NAME}_backup_stop_sentinel.json`, day);

test('of one cluster: that one, and nothing is said', () => {
  const objects = [backup('15/771'), object('15/771/wal_005/000000010000000000000003.lz4', '22')];
  assert.deepEqual(chooseCluster(FOLDER, objects), { prefix: `${FOLDER}/15/771` });
  assert.deepEqual(chooseCluster(`${FOLDER}/`, objects), { prefix: `${FOLDER}/15/771` });
});

test('of several: the one whose newest base backup is the newest, and the others are named', () => {
  const objects = [
    backup('15/999', '19'),
    backup('15/771', '18'),
    backup('17/771-r20261121015500', '21'),
    backup('15/771', '20'),
    // It has WAL, and nothing to begin with.
    object('15/42/wal_005/000000010000000000000009.lz4', '22'),
    object('15/42/basebackups_005/base_000000010000000000000009/tar_partitions/part_001.tar.lz4', '22'),
    object('evidence/20261121T201533Z-orders-0-weekly.json', '22'),
  ];
  assert.deepEqual(chooseCluster(FOLDER, objects), {
    prefix: `${FOLDER}/17/771-r20261121015500`,
    note: '17/771-r20261121015500 is the cluster with the newest base backup, of 2026-11-21T02:17:00.000Z; there are older ones: 15/771 (2026-11-20T02:17:00.000Z), 15/999 (2026-11-19T02:17:00.000Z)',
  });
});

const NONE: Readonly<Record<string, readonly [objects: Parameters<typeof chooseCluster>[1], says: RegExp]>> = {
  'nothing at all': [
    [],
    /there is no base backup below s3:\/\/backups\/shop\/orders; nothing lies there\. A folder is s3/,
  ],
  'a folder too high up': [
    [backup('orders/15/771')],
    /; what lies there begins with orders\/15\/771\/.* A folder is s3/,
  ],
  'a folder too far down': [[backup('771')], /begins with 771\/basebackups_005/],
  'WAL alone': [[object('15/42/wal_005/000000010000000000000009.lz4')], /begins with 15\/42\/wal_005/],
  'what looks like one': [[backup('15/771-R1'), backup('15/771/extra')], /begins with 15\/771-R1/],
};

for (const [name, [objects, says]] of Object.entries(NONE)) {
  test(`${name}: refused, with what is there`, () => assert.throws(() => chooseCluster(FOLDER, objects), says));
}
