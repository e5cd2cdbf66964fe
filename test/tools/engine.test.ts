import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineError, isPrefixEmpty, listBackups, resolveEngine } from '../../src/tools/engine.ts';
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
  assert.deepEqual(walG.backupPushArgs('/data'), ['backup-push', '/data']);
  assert.deepEqual(walrus.backupPushArgs('/data'), ['backup-push', '--fast', '/data']);
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

test('a prefix is empty when the store lists nothing under the head of its table', async (context) => {
  const listing = async (script: string) =>
    isPrefixEmpty(await makeScriptedEngine(await makeTempDir(context), script), env);
  assert.equal(await listing('echo "type size last modified name"'), true);
  assert.equal(await listing(':'), true);
  assert.equal(await listing('echo "type size last modified name"; echo "dir 0 2026 wal_005/"'), false);
  assert.equal(await listing('[ "$*" = "st ls" ] && echo head'), true);
});

test('a prefix that could not be listed is an error, never empty', async (context) => {
  const engine = await makeScriptedEngine(await makeTempDir(context), 'echo "AccessDenied" >&2; exit 1');
  await assert.rejects(isPrefixEmpty(engine, env), /st ls failed with code 1: AccessDenied/);
});

test('the error of a call says verb, code and the last three lines; or that it hit its deadline', () => {
  const result = { code: 1, stdout: '', stderrTail: ['one', 'two', 'three', 'four'], timedOut: false };
  assert.equal(engineError('backup-push', result).message, 'backup-push failed with code 1: two | three | four');
  assert.equal(
    engineError('backup-push', { ...result, timedOut: true }).message,
    'backup-push was ended at its deadline: two | three | four',
  );
});
