// Lines to a reader that takes them, takes none, or has gone: the writer never waits and never fails.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const output = join(import.meta.dirname, '..', '..', 'src', 'telemetry', 'output.ts');

/** Writes so many lines of a hundred bytes to its stdout, flushes, and says on stderr how long each of the two took. */
function startWriter(lines: number) {
  const program = `
    import { createOutput } from '${output}';
    const out = createOutput();
    const at = performance.now();
    for (let line = 0; line < ${lines}; line++) out.write('x'.repeat(99) + '\\n');
    const written = performance.now();
    await out.flush();
    process.stderr.write(JSON.stringify([written - at, performance.now() - written]));
    process.exit(0);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  return {
    child,
    times: async () => {
      await once(child, 'close');
      return JSON.parse(said) as [number, number];
    },
  };
}

test('all lines arrive, in order, before the flush is over', async () => {
  const { child, times } = startWriter(20_000);
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await times();
  assert.equal(bytes, 2_000_000);
});

test('a reader that takes nothing for long holds up neither the lines nor the end, and hears how many are missing', async () => {
  const { child, times } = startWriter(200_000);
  let text = '';
  const said = times();
  await sleep(2500);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [writing, flushing] = await said;
  assert.ok(writing < 2000, `${writing} ms`);
  assert.ok(flushing < 2000, `${flushing} ms`);
  const [, lost = '0'] = /"msg":"(\d+) lines of the log were let go"/.exec(text) ?? [];
  assert.equal(Number(lost) + text.split('\n').length - 2, 200_000);
});

test('a reader that has gone is no error', async () => {
  const { child, times } = startWriter(20_000);
  child.stdout.destroy();
  await times();
  assert.equal(child.exitCode, 0);
});
