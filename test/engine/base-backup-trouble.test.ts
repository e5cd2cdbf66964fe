// What goes wrong in the middle of a base backup: nothing torn is reported, listed or left running.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withBackupLock } from '../../src/agent/server-lock.ts';
import { until } from '../support/processes.ts';
import {
  assertFailed,
  backupOf,
  listPushes,
  listStored,
  SLOW,
  startJob,
  take,
  untilPushing,
} from './support/base-backup.ts';
import { engineTest, startProxy, startSidecar, startWorld } from './support/engine-world.ts';

engineTest(
  'an archive that breaks in the middle: the engine is content, and the backup does not count',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const failed = take(world, { ...SLOW, WALGUARD_TIMEOUT_SECONDS: '25' });
    await untilPushing(world);
    await world.sidecar.stop();
    assertFailed(
      await failed,
      engine.id === 'walrus' ? /does not count: .*(archived|not in the store)/ : /deadline|does not count/,
    );
    const began = Date.now();
    assertFailed(await take(world), /no base backup was begun.*could not be archived/);
    assert.ok(Date.now() - began < 40_000);
    await startSidecar(context, world.store, world.postgres);
    backupOf(await take(world));
  },
);

engineTest(
  'a store that goes away in the middle: told, nothing listed, and the next one is good',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const proxy = await startProxy(context, world.store);
    const failed = take(world, { ...SLOW, AWS_ENDPOINT: proxy.endpoint });
    await untilPushing(world);
    proxy.set('refuse');
    assertFailed(await failed, /backup-push/);
    assert.deepEqual([listPushes(world), await listStored(world)], [[], []]);
    proxy.set('none');
    backupOf(await take(world, { AWS_ENDPOINT: proxy.endpoint }));
  },
);

engineTest(
  'its deadline, a silent store and a SIGTERM end the engine with all that belongs to it',
  async (context, engine) => {
    const world = await startWorld(context, { engine });
    const proxy = await startProxy(context, world.store);
    const hanging = take(world, { ...SLOW, AWS_ENDPOINT: proxy.endpoint, WALGUARD_TIMEOUT_SECONDS: '8' });
    await untilPushing(world);
    proxy.set('hang');
    assertFailed(await hanging, /ended at its deadline/);
    assert.deepEqual(listPushes(world), []);
    const stopped = await startJob(world, SLOW);
    await untilPushing(world);
    stopped.kill('SIGTERM');
    await once(stopped, 'exit');
    await until('the engine has ended', () => listPushes(world).length === 0);
    assert.match(await readFile(world.pod.terminationLog, 'utf8'), /ended from outside/);
    // Nothing of it is left in Postgres either: its backup mode hung on its session.
    const sessions = `select count(*) from pg_stat_activity where application_name in ('walrus', 'walguard') and pid <> pg_backend_pid()`;
    for (let left = ''; left !== '0'; ) left = await world.postgres.value(sessions);
    backupOf(await take(world));
  },
);

engineTest('a lock that is lost in the middle ends the engine', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const failed = take(world, SLOW);
  await untilPushing(world);
  await world.postgres.sql("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
  assertFailed(await failed, /the lock with it, broke in the middle/);
  assert.deepEqual([listPushes(world), await listStored(world)], [[], []]);
});

engineTest('another copy of the same cluster is not what is backed up', async (context, engine) => {
  const world = await startWorld(context, { engine });
  const copy = join(world.pod.directory, 'copy');
  await once(spawn('cp', ['-a', world.postgres.pgdata, copy]), 'exit');
  assertFailed(await take(world, { PGDATA: copy }), /another copy of the same cluster; nothing was written/);
});

engineTest(
  'the lock is held, and not lost, for as long as it is used; a second one is refused',
  async (context, engine) => {
    const { postgres } = await startWorld(context, { engine });
    const isLost = await withBackupLock(
      postgres.connection,
      async (client, lost) => {
        await assert.rejects(
          withBackupLock(postgres.connection, async () => undefined),
          /another base backup of this database is running/,
        );
        // Heartbeats queue up behind it.
        await client.query('select pg_sleep(1)');
        return lost.aborted;
      },
      50,
    );
    assert.equal(isLost, false);
    await withBackupLock(postgres.connection, async () => undefined);
  },
);
