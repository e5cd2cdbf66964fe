import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  assertPlaceable,
  assertRoom,
  putBack,
  readMaker,
  readPostmasterPid,
  takePlace,
} from '../../src/agent/in-place.ts';
import { RESTORE_RECORD, RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import { explainLackOfRoom, type Places, placesOf } from '../../src/lib/aside.ts';
import { makeTempDir } from '../support/temp.ts';

/** A cluster as far as it is looked at; `mark` tells it from others. */
function makeCluster(directory: string, mark: string): void {
  mkdirSync(join(directory, 'global'), { recursive: true });
  mkdirSync(join(directory, 'pg_tblspc'));
  writeFileSync(join(directory, 'PG_VERSION'), '15\n');
  writeFileSync(join(directory, 'global', 'pg_control'), Buffer.from(BigUint64Array.of(42n).buffer));
  writeFileSync(join(directory, 'mark'), mark);
}

const markOf = (directory: string) => readFileSync(join(directory, 'mark'), 'utf8');

async function setUp(context: TestContext): Promise<Places> {
  const places = placesOf(join(await makeTempDir(context), 'pgdata'), 'back', 'r20261121201533');
  makeCluster(places.pgdata, 'old');
  return places;
}

test('directories beside the data directory say by which restore, and when', () => {
  assert.deepEqual(placesOf('/data/pgdata', 'back', 'r1'), {
    pgdata: '/data/pgdata',
    work: '/data/pgdata.walguard-r1',
    aside: '/data/pgdata.before-back-r1',
    made: '/data/pgdata.of-back-r1',
  });
  const { aside } = placesOf('/data/pgdata', 'x'.repeat(253), 'r20261121201533');
  assert.ok(aside.length - '/data/'.length < 255, 'a name that a file system takes');
});

test('the new data take the place of the old ones, which are kept', async (context) => {
  const places = await setUp(context);
  makeCluster(places.work, 'new');
  await takePlace(places, undefined);
  assert.deepEqual([markOf(places.pgdata), markOf(places.aside), existsSync(places.work)], ['new', 'old', false]);
});

test('a Postgres that was started meanwhile is not pulled from under: nothing is touched', async (context) => {
  const places = await setUp(context);
  makeCluster(places.work, 'new');
  writeFileSync(join(places.pgdata, 'postmaster.pid'), '1\n');
  await assert.rejects(takePlace(places, undefined), /was started in .* meanwhile.*nothing was touched/);
  assert.deepEqual([markOf(places.pgdata), existsSync(places.aside)], ['old', false]);
  await takePlace(places, await readPostmasterPid(places.pgdata));
  assert.equal(markOf(places.pgdata), 'new', "one that a killed Postgres left is in nobody's way");
});

test('what is kept aside already is never written over', async (context) => {
  const places = await setUp(context);
  makeCluster(places.work, 'new');
  makeCluster(places.aside, 'kept');
  await assert.rejects(takePlace(places, undefined), /ENOTEMPTY|EEXIST/);
  assert.deepEqual([markOf(places.pgdata), markOf(places.aside)], ['old', 'kept']);
});

test('back: wherever it was interrupted the old data are in their place, and what was made is kept', async (context) => {
  const untouched = await setUp(context);
  mkdirSync(untouched.work);
  await putBack(untouched);
  assert.deepEqual([markOf(untouched.pgdata), existsSync(untouched.work)], ['old', false]);

  const between = await setUp(context);
  renameSync(between.pgdata, between.aside);
  makeCluster(between.work, 'new');
  await putBack(between);
  assert.deepEqual([markOf(between.pgdata), existsSync(between.aside)], ['old', false]);

  const after = await setUp(context);
  makeCluster(after.work, 'new');
  await takePlace(after, undefined);
  await putBack(after);
  assert.deepEqual([markOf(after.pgdata), markOf(after.made), existsSync(after.aside)], ['old', 'new', false]);
  await putBack(after);
  assert.equal(markOf(after.pgdata), 'old', 'once more changes nothing');

  const half = await setUp(context);
  renameSync(half.pgdata, half.aside);
  makeCluster(half.made, 'new');
  await putBack(half);
  assert.deepEqual([markOf(half.pgdata), markOf(half.made)], ['old', 'new']);
});

test('back: where nothing is left, or something is in the way, it is said and nothing is touched', async (context) => {
  const gone = await setUp(context);
  renameSync(gone.pgdata, `${gone.pgdata}.elsewhere`);
  await assert.rejects(putBack(gone), /neither .* nor .* is there/);
  const blocked = await setUp(context);
  makeCluster(blocked.aside, 'kept');
  makeCluster(blocked.made, 'made');
  await assert.rejects(putBack(blocked), /is there already; move it out of the way, nothing was touched/);
  assert.equal(markOf(blocked.pgdata), 'old');
});

test('who made the data is told by the record, of the restore under way first', async (context) => {
  const { pgdata } = await setUp(context);
  assert.equal(await readMaker(pgdata), undefined);
  assert.equal(await readMaker(`${pgdata}.absent`), undefined);
  writeFileSync(join(pgdata, RESTORE_RECORD_DONE), '{"uid":"first"}');
  assert.equal(await readMaker(pgdata), 'first');
  writeFileSync(join(pgdata, RESTORE_RECORD), '{"uid":"second"}');
  assert.equal(await readMaker(pgdata), 'second');
});

test('refused before anything is touched: no cluster, a tablespace elsewhere', async (context) => {
  const places = await setUp(context);
  await assertPlaceable(places);
  mkdirSync(join(places.pgdata, 'pg_tblspc', '16384'));
  await assert.rejects(assertPlaceable(places), /tablespace 16384 lies outside of .*nothing was touched/);
  const empty = placesOf(await makeTempDir(context), 'back', 'r1');
  await assert.rejects(assertPlaceable(empty), /holds no Postgres cluster.*nothing was touched/);
});

test('no room for a second copy is told with the figures', async (context) => {
  const places = await setUp(context);
  await assertRoom(places, 0);
  await assert.rejects(
    assertRoom(places, 2 ** 60),
    /a second copy needs 1\.00 EiB|a second copy needs .* beside them; .* are free/,
  );
  assert.equal(explainLackOfRoom(256 * 1024 ** 2 + 10, 10), undefined);
  assert.match(
    explainLackOfRoom(256 * 1024 ** 2 + 9, 10) ?? '',
    /needs 256 MiB beside them; 256 MiB are free\. Grow the volume/,
  );
});
