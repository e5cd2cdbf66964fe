import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readBytes } from '../../src/tools/object-bytes.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

async function read(context: TestContext, script: string, timeoutMs = 20_000): Promise<string[]> {
  const engine = await makeScriptedEngine(await makeTempDir(context), script);
  const { bytes, end } = await readBytes({ engine, env: { PATH: process.env.PATH }, timeoutMs }, 'a/b', ['--decrypt']);
  return [bytes.toString(), end];
}

/** | the engine | its bytes, and its end | */
const ROWS = [
  ['comes to the end', 'printf "%s " "$@"', ['st cat a/b --decrypt ', 'whole']],
  ['gives up in the middle', 'printf abc; exit 1', ['abc', 'failed']],
  ['is killed from outside', 'printf abc; kill -9 $$', ['abc', 'killed']],
  ['has a child that is killed', "printf abc; sh -c 'kill -9 $$'; exit $?", ['abc', 'killed']],
] as const;

for (const [name, script, expected] of ROWS) {
  test(`an engine that ${name}: ${expected[1]}`, async (context) => {
    assert.deepEqual(await read(context, script), expected);
  });
}

test('an engine that does not end is killed at the deadline', async (context) => {
  assert.deepEqual(await read(context, 'printf abc; sleep 600', 300), ['abc', 'killed']);
});
