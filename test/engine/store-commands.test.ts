// The engine's commands for single objects, as walguard relies on them; wal-verify's answers; environments.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentName, startArchive } from './support/archive.ts';
import {
  closeSegments,
  connectionEnv,
  engineEnv,
  engineTest,
  prefixOf,
  runEngine,
  startWorld,
  waitForArchived,
} from './support/engine-world.ts';

engineTest('st put, cat, ls, rm, check', async (context, engine) => {
  const archive = await startArchive(context, engine);
  const st = (...args: string[]) => archive.engine(['st', ...args]);
  const file = join(archive.pgdata, 'object');
  await writeFile(file, 'hello');
  const plain = ['--no-compress', '--no-encrypt'];
  assert.deepEqual((await st('ls')).stdout.trim().split('\n').length, 1, 'an empty store is its head line alone');
  assert.equal((await st('cat', 'a/b')).code, 1);
  assert.equal((await st('put', ...plain, file, 'a/b')).code, 0);
  assert.deepEqual(await archive.store.list(), ['c1/a/b']);
  assert.equal((await st('cat', 'a/b')).stdout, 'hello');
  await writeFile(file, 'changed');
  assert.equal((await st('put', ...plain, file, 'a/b')).code, 1, 'not over what is there');
  assert.equal((await st('cat', 'a/b')).stdout, 'hello');
  assert.equal((await st('put', '--force', ...plain, file, 'a/b')).code, 0);
  assert.equal((await st('cat', 'a/b')).stdout, 'changed');
  assert.match((await st('ls', '-r', 'a')).stdout, /^type\s+size\s+last modified\s+name\nobj\s+7\s+.*\sb\n$/);
  assert.equal((await st('ls', 'nothing')).code, 0);
  assert.equal((await st('check', 'read')).code, 0);
  assert.equal((await st('check', 'write')).code, 0);
  assert.equal((await st('check', 'read', 'a/b')).code, 0);
  assert.equal((await st('check', 'read', 'a/c')).code, 1);
  assert.deepEqual(await archive.store.list(), ['c1/a/b'], 'the check leaves nothing');
  assert.equal((await st('rm', 'a/b')).code, 0);
  assert.deepEqual(await archive.store.list(), []);
  assert.equal((await st('rm', 'a/b')).code, 1);
});

engineTest('walrus removes by prefix: a name that begins another takes that along', async (context, engine) => {
  if (engine.id !== 'walrus') return context.diagnostic(`${engine.id}: not run, it is about walrus`);
  const archive = await startArchive(context, engine);
  await writeFile(join(archive.pgdata, 'object'), 'hello');
  for (const name of ['a/b', 'a/bc'])
    await archive.engine(['st', 'put', '--no-compress', join(archive.pgdata, 'object'), name]);
  assert.equal((await archive.engine(['st', 'rm', 'a/b'])).code, 0);
  assert.deepEqual(await archive.store.list(), []);
});

engineTest('wrong credentials fail each command, and are no empty store', async (context, engine) => {
  const archive = await startArchive(context, engine);
  for (const args of [
    ['st', 'ls'],
    ['st', 'check', 'read'],
    ['st', 'check', 'write'],
    ['st', 'cat', 'a'],
    [...engine.backupListArgs],
  ]) {
    assert.equal((await archive.engine(args, { AWS_SECRET_ACCESS_KEY: 'wrong' })).code, 1, args.join(' '));
  }
});

/** `wal-verify integrity` answers in its own words; the exit code of a failure differs. */
const VERIFY = {
  walrus: { args: ['wal-verify', 'integrity', '--json'], empty: 'EMPTY', failureCode: 1 },
  'wal-g': { args: ['wal-verify', 'integrity', '--json'], empty: 'WARNING', failureCode: 0 },
};

engineTest(
  'wal-verify: its status and exit code when empty, whole, and with a gap after and before the newest backup',
  async (context, engine) => {
    const { store, pod, postgres } = await startWorld(context, { engine });
    const env = { ...(await engineEnv(store, postgres)), ...connectionEnv(postgres), WALG_UPLOAD_CONCURRENCY: '1' };
    const { args, empty, failureCode } = VERIFY[engine.id];
    const verify = async () => {
      const { code, stdout } = await runEngine(pod, args, env);
      return [JSON.parse(stdout).integrity.status, code];
    };
    assert.deepEqual(await verify(), [empty, 0]);
    const push = () => runEngine(pod, engine.backupPushArgs({ dataDir: postgres.pgdata, isFull: true }), env);
    assert.equal((await push()).code, 0);
    const names = await closeSegments(postgres, 4);
    await waitForArchived(postgres, names.at(-1));
    assert.deepEqual(await verify(), ['OK', 0]);
    await rm(store.fileOf(`${await prefixOf(store, postgres)}/wal_005/${names[1]}.lz4`));
    assert.deepEqual(await verify(), ['FAILURE', failureCode]);
    assert.equal((await push()).code, 0);
    await waitForArchived(postgres, (await closeSegments(postgres, 1)).at(-1));
    assert.deepEqual(await verify(), ['OK', 0], 'a gap before the newest backup is not looked at');
  },
);

engineTest('an environment without USER and HOME: WAL-G ends, walrus does not care', async (context, engine) => {
  const archive = await startArchive(context, engine);
  const { USER: _user, HOME: _home, ...env } = archive.env;
  const { code } = await archive.pod.run(`/usr/local/bin/${engine.id}`, engine.backupListArgs, { env, id: 4321 });
  assert.equal(code, engine.id === 'walrus' ? 0 : 1);
});

engineTest(
  'the daemon lets in its own uid only, and its client runs with an empty environment',
  async (context, engine) => {
    const archive = await startArchive(context, engine);
    await archive.make(segmentName(1));
    const push = (id: number) =>
      archive.pod.run('/walguard/bin/archive-wal', [segmentName(1)], { id, cwd: archive.pgdata });
    assert.notEqual((await push(4321)).code, 0);
    assert.equal((await push(999)).code, 0);
  },
);
