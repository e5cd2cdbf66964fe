// What the engines remove, and what they refuse to; walguard's own decisions are made elsewhere, of whole object names.
import assert from 'node:assert/strict';
import { parseBackupList } from '../../src/lib/backup-list.ts';
import { deltaEnv } from '../../src/tools/engine.ts';
import {
  closeSegments,
  connectionEnv,
  engineEnv,
  engineTest,
  prefixOf,
  runEngine,
  startWorld,
  type World,
  waitForArchived,
} from './support/engine-world.ts';

async function hands(world: World) {
  const { store, pod, postgres } = world;
  const env = { ...(await engineEnv(store, postgres)), ...connectionEnv(postgres) };
  const prefix = await prefixOf(store, postgres);
  const call = (args: readonly string[], changes = {}) => runEngine(pod, args, { ...env, ...changes });
  const list = async () => parseBackupList((await call(pod.engine.backupListArgs)).stdout).map(({ name }) => name);
  return {
    call,
    list,
    objects: async () => (await store.list(prefix)).filter((key) => /_005\//.test(key)),
    /** Returns its name. */
    backUp: async (parent?: string) => {
      await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
      const args = pod.engine.backupPushArgs({ dataDir: postgres.pgdata, isFull: parent === undefined });
      const { code, stderr } = await call(args, parent === undefined ? {} : deltaEnv(parent, 5));
      assert.equal(code, 0, stderr);
      return (await list()).at(-1) ?? '';
    },
  };
}

engineTest('delete: dry runs, targets, retention, and the refusals', async (context, engine) => {
  const { call, list, objects, backUp } = await hands(await startWorld(context, { engine }));
  const first = await backUp();
  const second = await backUp();
  const delta = await backUp(second);
  const third = await backUp();
  const all = [first, second, delta, third];
  assert.deepEqual(await list(), all);
  assert.ok(delta.endsWith(`_D_${second.replace('base_', '')}`), delta);

  const before = await objects();
  for (const args of [['target', first], ['retain', 'FULL', '1'], ['before', third], ['everything']]) {
    const { code } = await call(['delete', ...args]);
    assert.equal(code, 0, args.join(' '));
    assert.deepEqual(await objects(), before, `without --confirm nothing goes: ${args.join(' ')}`);
  }
  // More than there are: nothing goes.
  assert.equal((await call(['delete', 'retain', 'FULL', '9', '--confirm'])).code, 0);
  assert.deepEqual(await list(), all);
  // Up to a delta: its full backup would go.
  assert.notEqual((await call(['delete', 'before', delta, '--confirm'])).code, 0);
  assert.deepEqual(await list(), all);

  const wal = before.filter((key) => /wal_005/.test(key));
  assert.equal((await call(['delete', 'target', first, '--confirm'])).code, 0);
  assert.deepEqual(await list(), all.slice(1));
  const left = await objects();
  assert.ok(!left.some((key) => key.includes(`/${first}`)), 'nothing of it is left');
  assert.deepEqual(
    left.filter((key) => /wal_005/.test(key)),
    wal,
    'a target takes no WAL',
  );

  assert.equal((await call(['backup-mark', second])).code, 0);
  assert.notEqual((await call(['delete', 'everything', '--confirm'])).code, 0, 'a permanent one is there');
  assert.equal((await call(['delete', 'retain', 'FULL', '1', '--confirm'])).code, 0);
  assert.ok((await list()).includes(second), 'a permanent one stays');
  assert.ok((await list()).includes(third));
});

engineTest('a full backup that is removed as a target takes its deltas with it', async (context, engine) => {
  const { call, list, backUp } = await hands(await startWorld(context, { engine }));
  const full = await backUp();
  await backUp(full);
  const kept = await backUp();
  assert.equal((await call(['delete', 'target', full, '--confirm'])).code, 0);
  assert.deepEqual(await list(), [kept]);
});
