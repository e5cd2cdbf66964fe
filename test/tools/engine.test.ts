import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canListStore,
  engineError,
  isWalFileStored,
  listBackups,
  listWalFile,
  resolveEngine,
} from '../../src/tools/engine.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const env = { PATH: process.env.PATH ?? '' };

test('the engine is the one that the image was built with; anything else is said', () => {
  assert.equal(resolveEngine('wal-g').id, 'wal-g');
  assert.equal(resolveEngine('walrus').id, 'walrus');
  for (const id of [undefined, '', 'WAL-G', 'pgbackrest']) {
    assert.throws(() => resolveEngine(id), /WALGUARD_ENGINE is ".*"; walguard's image sets it to wal-g or walrus/, id);
  }
});

test("each engine's calls are as its documentation has them", () => {
  const walG = resolveEngine('wal-g');
  const walrus = resolveEngine('walrus');
  assert.deepEqual(walG.daemonArgs('/s'), ['daemon', '/s']);
  assert.deepEqual(walrus.daemonArgs('/s'), ['daemon', '--socket', '/s']);
  assert.deepEqual(walG.backupPushArgs({ dataDir: '/data', isFull: false }), ['backup-push', '/data']);
  assert.deepEqual(walrus.backupPushArgs({ dataDir: '/data', isFull: true }), [
    'backup-push',
    '--fast',
    '--full',
    '/data',
  ]);
  assert.deepEqual(walrus.backupPushArgs({ isFull: true }), ['backup-push', '--fast', '--full']);
  for (const { id, binary, backupListArgs } of [walG, walrus]) {
    assert.ok(binary.startsWith('/'), `${id} is called by its absolute path`);
    assert.ok(backupListArgs.includes('--json'));
  }
});

test('the list of backups is read from stdout, whatever the engine logs on stderr', async (context) => {
  const list = '[{"backup_name":"base_1","finish_time":"2026-11-21T02:42:43Z"}]';
  const engine = await makeScriptedEngine(await makeTempDir(context), `echo 'INFO: listing' >&2; echo '${list}'`);
  assert.deepEqual(await listBackups(engine, env), [{ name: 'base_1', finishedAt: '2026-11-21T02:42:43.000Z' }]);
});

test('a list that could not be had is an error, never an empty list', async (context) => {
  const engine = await makeScriptedEngine(
    await makeTempDir(context),
    `echo '[]'; echo 'ERROR: AccessDenied' >&2; exit 1`,
  );
  await assert.rejects(listBackups(engine, env), /backup-list failed with code 1: ERROR: AccessDenied/);
});

test('a store that cannot be listed is asked in vain', async (context) => {
  const ask = async (script: string) => canListStore(await makeScriptedEngine(await makeTempDir(context), script), env);
  assert.equal(await ask('[ "$*" = "st ls" ] && echo head'), true);
  assert.equal(await ask('echo "AccessDenied" >&2; exit 1'), false);
});

test('the error of a call says verb, code and the last three lines; or that it hit its deadline', () => {
  const result = { code: 1, stdout: '', stderrTail: ['one', 'two', 'three', 'four'], timedOut: false };
  assert.equal(engineError('backup-push', result).message, 'backup-push failed with code 1: two | three | four');
  assert.equal(
    engineError('backup-push', { ...result, timedOut: true }).message,
    'backup-push was ended at its deadline: two | three | four',
  );
});

test('what the store holds of a WAL file: itself in any compression, not what its name begins', async (context) => {
  const listing = ['type\tsize\tlast modified\tname', 'obj\t9\t2026-11-21T10:00:00Z\t.lz4'];
  const others = ['obj\t9\t2026-11-21T10:00:00Z\t.00000028.backup.lz4', 'obj\t9\t2026-11-21T10:00:00Z\t_delta'];
  const answer = async (lines: readonly string[]) => {
    const scripted = await makeScriptedEngine(
      await makeTempDir(context),
      lines.map((line) => `echo '${line}'`).join('\n'),
    );
    return { ...scripted, listWalFileArgs: () => ['st', 'ls'] };
  };
  const name = '000000010000000000000007';
  assert.deepEqual(await listWalFile(await answer([...listing, ...others]), env, name), [
    { path: `wal_005/${name}.lz4`, bytes: 9 },
  ]);
  assert.equal(await isWalFileStored(await answer([listing[0] ?? '', ...others]), env, name), false);
  await assert.rejects(
    isWalFileStored(
      { ...(await makeScriptedEngine(await makeTempDir(context), 'exit 1')), listWalFileArgs: () => [] },
      env,
      name,
    ),
  );
});

test("WAL-G's word for missing is enough; walrus's is checked by a listing", () => {
  assert.equal(resolveEngine('wal-g').listWalFileArgs, undefined);
  assert.deepEqual(resolveEngine('walrus').listWalFileArgs?.('0'), ['st', 'ls', '-r', 'wal_005/0']);
});
