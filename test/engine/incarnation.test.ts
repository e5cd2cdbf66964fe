// Law: a restored cluster never archives into its source's prefix, or into that of an earlier one of its name. It has its
// source's system identifier, and here its names as well.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RESTORE_RECORD_DONE } from '../../src/api/names.ts';
import { until } from '../support/processes.ts';
import {
  closeSegments,
  engineTest,
  prefixOf,
  restoreInto,
  runJob,
  startPod,
  startRestored,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

engineTest('under the names of its source: archive, base backup and verify are its own', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const { store, postgres: source, sidecar } = world;
  assert.equal((await runJob('base-backup', store, source)).code, 0);
  await waitForArchived(source, (await closeSegments(source, 1)).at(-1));
  const before = await prefixOf(store, source);
  const pod = await startPod(context, { engine });
  const pgdata = await pod.makeDirectory('data');
  const database = 'orders';
  const restored = await restoreInto(world, pod, pgdata, before, { latest: true }, database);
  assert.equal(restored.code, 0, restored.stdout);
  await source.stop();
  await sidecar.stop();
  const copy = await startRestored(context, store, pod, pgdata, { database });
  await until('the record is put aside', () => existsSync(join(pgdata, RESTORE_RECORD_DONE)), 20_000);

  const own = await prefixOf(store, copy.postgres);
  assert.match(own, new RegExp(`^${before}-r\\d{14}$`));
  const { storagePrefix, clusterId } = await copy.sidecar.status();
  assert.deepEqual([storagePrefix, clusterId], [own, own.split('/').at(-1)]);
  await waitForArchived(copy.postgres, (await closeSegments(copy.postgres, 1)).at(-1));
  const { code, report } = await runJob('base-backup', store, copy.postgres);
  assert.deepEqual([code, report.clusterId], [0, clusterId], JSON.stringify(report));
  const verified = await runJob('verify', store, copy.postgres, { env: { WALGUARD_SECOND_LOOK_MS: '50' } });
  assert.deepEqual([verified.code, verified.report.findings], [0, []], JSON.stringify(verified.report));
  const { name } = report.backup as { name: string };
  assert.ok(existsSync(store.fileOf(`${own}/basebackups_005/${name}_backup_stop_sentinel.json`)));
  assert.ok(!existsSync(store.fileOf(`${before}/basebackups_005/${name}_backup_stop_sentinel.json`)));

  const [cluster, folder] = [before.split('/').slice(-2).join('/'), before.split('/').slice(0, -2).join('/')];
  const another = await startPod(context, { engine });
  const found = await restoreInto(world, another, await another.makeDirectory('data'), folder, { latest: true });
  assert.deepEqual([found.code, found.report.storagePrefix], [0, own], JSON.stringify(found.report));
  assert.match(
    String(found.report.note),
    new RegExp(`the newest base backup, of .*; there are older ones: ${cluster} `),
  );
  const nowhere = await restoreInto(world, another, await another.makeDirectory('other'), `${folder}s`, {
    latest: true,
  });
  assert.match(String(nowhere.report.message), /there is no base backup below .*\/orderss; nothing lies there/);

  // What the job cannot tell it does not guess.
  const record = join(pgdata, RESTORE_RECORD_DONE);
  await rename(record, `${record}.kept`);
  await writeFile(record, '{"incarnation":"../../bank"}', { mode: 0o644 });
  const refused = await runJob('base-backup', store, copy.postgres);
  assert.equal(refused.code, 1);
  assert.match(String(refused.report.message), /nobody knows where this database archives/);
});
