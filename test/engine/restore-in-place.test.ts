// Law: a restore in place destroys nothing. The job stands for all that the controller has done meanwhile: Postgres is stopped before
// it, and started after it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chown, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { RESTORE_RECORD, RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import type { RestoreTarget } from '../../src/api/restore.ts';
import { placesOf } from '../../src/lib/aside.ts';
import { until } from '../support/processes.ts';
import {
  clockOf,
  closeSegments,
  type EngineUnderTest,
  engineTest,
  type Job,
  POSTGRES_ID,
  prefixOf,
  runJob,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

const FIRST = { name: 'back', incarnation: 'r20261121201533' };
const SECOND = { name: 'again', incarnation: 'r20261121211533' };

interface Story extends World {
  /** Before the second row. */
  readonly time: string;
  /** Of the database as it was at first. */
  readonly before: string;
}

/** Rows 1, then 2; all archived, and Postgres runs. */
async function tell(context: TestContext, engine: EngineUnderTest): Promise<Story> {
  const world = await startWorld(context, { engine });
  const { store, postgres, pod } = world;
  // As a volume is to which the pod's group may write.
  await chown(pod.directory, POSTGRES_ID, POSTGRES_ID);
  await postgres.sql('create table story (n integer)');
  assert.equal((await runJob('base-backup', store, postgres)).code, 0);
  await postgres.sql('insert into story values (1)');
  const time = await clockOf(postgres);
  await postgres.sql('insert into story values (2)');
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
  return { ...world, time, before: await prefixOf(store, postgres) };
}

function run(
  { store, postgres }: World,
  task: 'take-place' | 'put-back' | 'undo',
  { name, incarnation }: typeof FIRST,
  source = '',
  target: RestoreTarget = { latest: true },
): Promise<Job> {
  const env = {
    WALGUARD_IN_PLACE: task,
    WALGUARD_RESTORE: name,
    WALGUARD_RESTORE_UID: `uid-of-${name}`,
    WALGUARD_INCARNATION: incarnation,
    WALGUARD_DESTINATION: 'orders',
    WALGUARD_SOURCE_PREFIX: source,
    WALGUARD_TARGET: JSON.stringify(target),
    WALGUARD_SECOND_LOOK_MS: '50',
  };
  return runJob('restore', store, postgres, { env });
}

async function stopAll({ postgres, sidecar }: World): Promise<void> {
  await postgres.stop();
  await sidecar.until('Postgres is down', ({ postgres: state }) => state === 'down');
}

async function startAll({ postgres, sidecar }: World, cluster: RegExp): Promise<void> {
  await sidecar.until('the new data are seen', ({ clusterId }) => cluster.test(clusterId ?? ''));
  await postgres.start();
  await sidecar.until('it is promoted', ({ inRecovery }) => inRecovery === false, 60_000);
}

const rowsOf = ({ postgres }: World) => postgres.value("select string_agg(n::text, ',' order by n) from story");

engineTest('in place to a time, once more from the old prefix, and undone', async (context, engine) => {
  const story = await tell(context, engine);
  const { store, postgres, sidecar, time, before } = story;
  const { pgdata } = postgres;
  const places = placesOf(pgdata, FIRST.name, FIRST.incarnation);
  await stopAll(story);
  const job = await run(story, 'take-place', FIRST, before, { time });
  assert.deepEqual([job.code, job.report.aside], [0, places.aside], job.stdout);
  assert.ok(existsSync(join(places.aside, 'global/pg_control')), 'the old data are kept aside');
  assert.ok(!existsSync(places.work));
  await startAll(story, /-r20261121201533$/);
  assert.equal(await rowsOf(story), '1');

  await until('the record is put aside', () => existsSync(join(pgdata, RESTORE_RECORD_DONE)), 20_000);
  const own = await prefixOf(store, postgres);
  assert.equal(own, `${before}-r20261121201533`);
  await postgres.sql('insert into story values (3)');
  const segment = (await closeSegments(postgres, 1)).at(-1);
  await waitForArchived(postgres, segment);
  const backup = await runJob('base-backup', store, postgres);
  assert.equal(backup.code, 0, JSON.stringify(backup.report));
  const { name } = backup.report.backup as { name: string };
  assert.ok(existsSync(store.fileOf(`${own}/basebackups_005/${name}_backup_stop_sentinel.json`)));
  const verified = await runJob('verify', store, postgres, { env: { WALGUARD_SECOND_LOOK_MS: '50' } });
  assert.deepEqual([verified.code, verified.report.findings], [0, []], JSON.stringify(verified.report));

  // The same restore again: its second run finds that it has been here.
  await stopAll(story);
  const again = await run(story, 'take-place', FIRST, before, { time });
  assert.deepEqual([again.code, again.report.aside], [0, places.aside], again.stdout);
  assert.ok(!existsSync(join(pgdata, RESTORE_RECORD)), 'nothing is replayed once more');

  // Another one, from where the first one came.
  const second = await run(story, 'take-place', SECOND, before);
  assert.equal(second.code, 0, second.stdout);
  await startAll(story, /-r20261121211533$/);
  assert.equal(await rowsOf(story), '1,2');
  await stopAll(story);
  const wrong = await run(story, 'undo', FIRST);
  assert.equal(wrong.code, 1);
  assert.match(String(wrong.report.message), /not of Restore "back" any more; nothing was touched/);
  assert.equal(wrong.report.isWhole, true);
  assert.equal((await run(story, 'undo', SECOND)).code, 0);
  await startAll(story, /-r20261121201533$/);
  assert.equal(await rowsOf(story), '1,3', 'what was written between the two restores');
  await stopAll(story);
  const undone = await run(story, 'undo', FIRST);
  assert.deepEqual([undone.code, undone.report.made], [0, places.made], undone.stdout);
  assert.equal((await run(story, 'undo', FIRST)).code, 0, 'a second time it is done already');
  await startAll(story, /^\d+$/);
  assert.equal(await rowsOf(story), '1,2');
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1), 60_000);
  assert.equal((await sidecar.status()).storagePrefix, before, 'it archives where it did');
});

engineTest('who has lost the record does not archive into the prefix that was left', async (context, engine) => {
  const story = await tell(context, engine);
  const { postgres, sidecar, time, before, store } = story;
  await stopAll(story);
  assert.equal((await run(story, 'take-place', FIRST, before, { time })).code, 0);
  await startAll(story, /-r20261121201533$/);
  const record = join(postgres.pgdata, RESTORE_RECORD_DONE);
  await until('the record is put aside', () => existsSync(record), 20_000);
  await rm(record);
  const { storage } = await sidecar.until(
    'the old prefix is refused',
    (status) => status.storage?.reason === 'LeftByRestore',
  );
  assert.match(
    storage?.message ?? '',
    /restored in place \(back, r20261121201533\).*Put walguard-restore\.done\.json back/,
  );
  const { code, report } = await runJob('base-backup', store, postgres);
  assert.equal(code, 1);
  assert.match(String(report.message), /nothing was written: the database that archived here was restored in place/);
});

engineTest('refused, failed and interrupted restores leave the old data in their place', async (context, engine) => {
  const story = await tell(context, engine);
  const { postgres, pod, store, before, time } = story;
  const { pgdata } = postgres;
  const places = placesOf(pgdata, FIRST.name, FIRST.incarnation);
  const beside = () => readdirSync(dirname(pgdata)).filter((name) => name.startsWith('data'));
  await stopAll(story);

  await chown(pod.directory, 0, 0);
  const closed = await run(story, 'take-place', FIRST, before, { time });
  assert.match(String(closed.report.message), /is not writable for uid \d+: give the pod an fsGroup/);
  await chown(pod.directory, POSTGRES_ID, POSTGRES_ID);

  // Killed between the two renames, and once more after both: what is put back archives where it did.
  assert.equal((await run(story, 'take-place', FIRST, before, { time })).code, 0);
  await rename(pgdata, places.work);
  assert.equal((await run(story, 'put-back', FIRST)).code, 0);
  assert.deepEqual(beside(), ['data']);
  assert.equal((await run(story, 'take-place', FIRST, before, { time })).code, 0);
  assert.equal((await run(story, 'put-back', FIRST)).code, 0);
  assert.deepEqual(beside(), ['data', 'data.of-back-r20261121201533'], 'what was made is kept');
  await rm(places.made, { recursive: true });

  // A base backup that cannot be fetched.
  const [backup = ''] = readdirSync(store.fileOf(`${before}/basebackups_005`)).filter(
    (name) => !name.endsWith('.json'),
  );
  const parts = store.fileOf(`${before}/basebackups_005/${backup}/tar_partitions`);
  for (const name of readdirSync(parts)) if (/^part_/.test(name)) await rm(join(parts, name));
  const torn = await run(story, 'take-place', FIRST, before, { time });
  assert.equal(torn.code, 1, torn.stdout);
  assert.deepEqual(beside(), ['data'], 'what was fetched of it is gone');
  const back = await run(story, 'put-back', FIRST);
  assert.equal(back.code, 0, 'to put back what was never away is no failure');
  await startAll(story, /^\d+$/);
  assert.equal(await rowsOf(story), '1,2');
  await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1), 60_000);
  assert.ok(!existsSync(places.aside) && !existsSync(places.made));
  assert.equal((await story.sidecar.status()).storagePrefix, before);
});
