// Errors that nobody caught, in a process of their own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RunResult, run } from '../../src/tools/exec.ts';

const src = join(import.meta.dirname, '..', '..', 'src');

/** Guards a process, does that, and says each second line of life until the guard's signal. */
function runGuarded(what: string): Promise<RunResult> {
  const program = `
    import { guardProcess } from '${src}/webhook/guard-process.ts';
    import { createLogger } from '${src}/telemetry/log.ts';
    const guard = guardProcess(createLogger('test', { write: (line) => process.stdout.write(line) }), new AbortController().signal);
    guard.signal.addEventListener('abort', () => console.log('told to stop'));
    setTimeout(() => { ${what} }, 1);
    setTimeout(() => { console.log('still here'); guard.finish(); }, 50);`;
  const env = { PATH: process.env.PATH };
  return run(process.execPath, ['--input-type=module', '-e', program], { env, timeoutMs: 30_000 });
}

test('a rejection that nobody looked at is logged, and all goes on', async () => {
  const { code, stdout } = await runGuarded(`Promise.reject(new Error('boom'))`);
  assert.equal(code, 0);
  assert.match(stdout, /"error":"boom","stack":"Error: boom.*"msg":"a promise was rejected and nobody looked"/);
  assert.match(stdout, /still here/);
  assert.doesNotMatch(stdout, /told to stop/);
});

test('an exception that nobody caught is logged; the process drains, and ends with it', async () => {
  const { code, stdout, stderrTail } = await runGuarded(`throw new Error('boom')`);
  assert.match(stdout, /"level":60,.*"error":"boom".*told to stop\nstill here\n$/s);
  assert.equal(code, 1);
  assert.match(stderrTail.join('\n'), /Error: boom/);
});

test('what is no Error is logged too', async () => {
  assert.match((await runGuarded('Promise.reject(undefined)')).stdout, /"error":"undefined"/);
});
