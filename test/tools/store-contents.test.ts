import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';
import { readStoreContents } from '../../src/tools/store-contents.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const env = { PATH: process.env.PATH ?? '' };
const BASE = 'base_000000010000000000000003';
const TIME = '2026-11-21T02:42:43.298Z';

const LISTING = [
  'type\\tsize\\tlast modified\\tname',
  `obj\\t5\\t${TIME}\\tbasebackups_005/${BASE}/tar_partitions/part_001.tar.lz4`,
  `obj\\t5\\t${TIME}\\tbasebackups_005/${BASE}_backup_stop_sentinel.json`,
  `obj\\t5\\t${TIME}\\tbasebackups_005/base_000000010000000000000004/metadata.json`,
  `obj\\t6\\t${TIME}\\tbasebackups_005/base_000000010000000000000004/tar_partitions/part_001.tar.lz4`,
  `obj\\t5\\t${TIME}\\tbasebackups_005/base_000000010000000000000005/tar_partitions/part_001.tar.lz4`,
  `obj\\t9\\t${TIME}\\twal_005/000000010000000000000003.lz4`,
  `obj\\t5\\t${TIME}\\twal_005/00000002.history.lz4`,
].join('\\n');

const SENTINEL = `{"LSN":50331688,"FinishLSN":50331904,"StartTime":"${TIME}","FinishTime":"${TIME}","CompressedSize":5}`;

/** @param cat lines of sh for `st cat`, of which `$3` is the path */
const script = (cat: string) => `
case "$*" in
  'st ls -r') printf '${LISTING}\\n' ;;
  'st cat '*) ${cat} ;;
  *) echo "no such call: $*" >&2; exit 64 ;;
esac`;

const GOOD = `case "$*" in
  *sentinel.json) echo '${SENTINEL}' ;;
  'st cat wal_005/00000002.history.lz4 --decrypt --decompress') printf '1\\t0/3000028\\twhy\\n' ;;
  *) exit 65 ;;
esac`;

async function read(context: import('node:test').TestContext, sh: string) {
  return readStoreContents(await makeScriptedEngine(await makeTempDir(context), sh), env, SEGMENT_BYTES);
}

test('the store is listed, and its sentinels and histories are read', async (context) => {
  const { listedAt, ...contents } = await read(context, script(GOOD));
  assert.ok(Math.abs(Date.parse(listedAt) - Date.now()) < 60_000);
  assert.deepEqual(contents, {
    newestAt: TIME,
    segmentBytes: SEGMENT_BYTES,
    backups: [
      {
        name: BASE,
        startedAt: TIME,
        finishedAt: TIME,
        timeline: 1,
        startSegment: '000000010000000000000003',
        finishSegment: '000000010000000000000003',
        isPermanent: false,
        compressedBytes: 5,
        uncompressedBytes: 0,
        storedBytes: 5,
        parts: 1,
      },
    ],
    // Of 5 nothing says that it was ever finished: it may be running.
    unusable: [{ name: 'base_000000010000000000000004', why: 'sentinel-missing', storedBytes: 6 }],
    segments: [{ name: '000000010000000000000003', bytes: 9, modifiedAt: TIME }],
    switches: [{ timeline: 2, parent: 1, at: '0/3000028' }],
  });
});

test('without a size of segments it is what the backups tell', async (context) => {
  const mib = 1024 * 1024;
  const small = GOOD.replace('50331688', String(3 * mib + 40)).replace('50331904', String(3 * mib + 300));
  const engine = await makeScriptedEngine(await makeTempDir(context), script(small));
  const contents = await readStoreContents(engine, env);
  assert.equal(contents.segmentBytes, mib);
  assert.equal(contents.backups[0]?.startSegment, '000000010000000000000003');
});

test('a torn sentinel makes one backup unusable, and is no reason to see nothing', async (context) => {
  const { backups, unusable } = await read(context, script(GOOD.replace(SENTINEL, '{"LSN":503')));
  assert.deepEqual(backups, []);
  assert.deepEqual(unusable[0], { name: BASE, why: 'sentinel-unreadable', storedBytes: 5 });
});

test('a listing that failed is an error, never an empty store', async (context) => {
  await assert.rejects(read(context, 'echo AccessDenied >&2; exit 1'), /st ls failed with code 1: AccessDenied/);
});

test('what cannot be read is looked for anew once, then it is an error', async (context) => {
  const directory = await makeTempDir(context);
  const once = script(`[ -e ${directory}/seen ] || { touch ${directory}/seen; echo gone >&2; exit 1; }; ${GOOD}`);
  assert.equal((await read(context, once)).backups.length, 1);
  await assert.rejects(
    read(context, script('echo "slow down" >&2; exit 1')),
    /st cat \S+ failed with code 1: slow down/,
  );
});
