// The whole program as a child process: what a shell sees of it.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { type RunResult, run } from '../../src/tools/exec.ts';

const root = dirname(dirname(import.meta.dirname));

function walguard(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const options = { env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env }, timeoutMs: 30_000 };
  return run(process.execPath, [`${root}/src/main.ts`, ...args], options);
}

test('the exit code of the process is that of the command', { concurrency: true }, async (context) => {
  await Promise.all([
    context.test('without a command: the help, 0', async () => {
      const { code, stdout } = await walguard([]);
      assert.equal(code, 0);
      assert.match(stdout, /Usage: /);
    }),
    context.test('wrong usage: 2', async () => assert.equal((await walguard(['restore'])).code, 2)),
    context.test('a door without its environment: 1, and which variable is missing', async () => {
      const { code, stderrTail } = await walguard(['controller']);
      assert.equal(code, 1);
      assert.match(stderrTail.join('\n'), /^walguard: the environment variable WALGUARD_NAMESPACE is missing/m);
    }),
  ]);
});
