import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readIdentity, readRestoreRecord } from '../../src/agent/data-directory.ts';
import { readRecord } from '../../src/agent/letting-go-record.ts';
import { readPlainFile, readPlainJson } from '../../src/agent/plain-file.ts';
import { LETTING_GO_RECORD, RESTORE_RECORD } from '../../src/api/names.ts';
import { run } from '../../src/tools/exec.ts';
import { makeTempDir } from '../support/temp.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

test('a file is read whole; what is missing is undefined where JSON is wanted', async (context) => {
  const directory = await makeTempDir(context);
  const path = join(directory, 'file');
  assert.equal(await readPlainJson(path), undefined);
  await assert.rejects(readPlainFile(path), { code: 'ENOENT' });
  writeFileSync(path, '{"a":[1]}');
  assert.equal((await readPlainFile(path)).toString(), '{"a":[1]}');
  assert.deepEqual(await readPlainJson(path), { a: [1] });
  writeFileSync(path, '');
  assert.equal((await readPlainFile(path)).length, 0);
});

test('a link, a directory, a pipe that nobody writes to, and a huge file are errors', async (context) => {
  const directory = await makeTempDir(context);
  const at = (name: string) => join(directory, name);
  writeFileSync(at('secret'), SECRET);
  symlinkSync('secret', at('link'));
  mkdirSync(at('directory'));
  assert.equal((await run('mkfifo', [at('pipe')], { env: process.env, timeoutMs: 5000 })).code, 0);
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 30);
  await assert.rejects(readPlainFile(at('link')), { code: 'ELOOP' });
  for (const name of ['directory', 'pipe']) await assert.rejects(readPlainFile(at(name)), /is not a regular file$/);
  await assert.rejects(readPlainFile(at('huge')), /has 1073741824 bytes, which is too many$/);
});

test('records and identity that lead to a secret, or hold one: no word of it comes up', async (context) => {
  const pgdata = await makeTempDir(context);
  const secret = join(pgdata, 'secret');
  writeFileSync(secret, SECRET);
  mkdirSync(join(pgdata, 'global'));
  for (const name of [RESTORE_RECORD, LETTING_GO_RECORD, 'PG_VERSION', 'global/pg_control']) {
    symlinkSync(secret, join(pgdata, name));
  }
  for (const read of [readRestoreRecord, readRecord, readIdentity]) {
    await assert.rejects(read(pgdata), ({ message }: Error) => /ELOOP/.test(message) && !message.includes('wJal'));
  }
  writeFileSync(join(pgdata, 'text'), SECRET);
  await assert.rejects(readPlainJson(join(pgdata, 'text')), /^Error: text in the data directory is not JSON$/);
});
