// What the offline verbs have in common: their help, their usage errors, and standard input.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { runCli } from '../../src/cli/cli.ts';
import { captureOutput } from '../support/output.ts';
import { PROTECTED, UNPROTECTED } from './manifests.ts';
import { runOffline } from './offline.ts';

const root = dirname(dirname(import.meta.dirname));
const VERBS = ['check', 'inject', 'uninject', 'explain', 'diff'];

for (const verb of VERBS) {
  test(`${verb} --help: examples and exit codes, under the name by which it was called`, async () => {
    for (const [argv0, name] of [
      ['/usr/bin/walguard', 'walguard'],
      ['/usr/bin/kubectl-walguard', 'kubectl walguard'],
    ] as const) {
      const run = () => runCli(argv0, [verb, '--help'], '1.2.3', new AbortController().signal);
      const { result, stdout } = await captureOutput(run);
      assert.equal(result, EXIT.ok);
      assert.match(stdout, new RegExp(`\\nExamples:\\n {2}${name} ${verb} -f \\S`));
      assert.match(stdout, /\nExit codes: 0 /);
    }
  });

  test(`${verb} without -f: wrong usage, 2, and nothing on stdout`, async () => {
    const { result, stdout, stderr } = await runOffline(verb);
    assert.deepEqual([result, stdout], [EXIT.usage, '']);
    assert.match(stderr, /required option '-f, --filename <path>' not specified/);
  });
}

test('an unknown format: 2, and those that there are', async () => {
  const { result, stderr } = await runOffline('check', '-f', '-', '-o', 'xml');
  assert.equal(result, EXIT.usage);
  assert.match(stderr, /Allowed choices are table, json, junit, sarif/);
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function pipe(input: string, ...args: string[]): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], { env });
  child.stdin.end(input);
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

test('standard input to standard output, as in a shell', { concurrency: true }, async (context) => {
  await Promise.all([
    context.test('check: the JSON is all that is on stdout, and the exit code is that of the process', async () => {
      const { code, stdout } = await pipe(UNPROTECTED, 'check', '-f', '-', '-o', 'json');
      assert.equal(code, EXIT.failed);
      assert.equal((JSON.parse(stdout) as { results: { verdict: string }[] }).results[0]?.verdict, 'unprotected');
    }),
    context.test('inject and uninject: a round trip, byte for byte, however long', async () => {
      const input = `${PROTECTED}---\n# ${'long '.repeat(50_000)}\n`;
      const injected = await pipe(input, 'inject', '-f', '-');
      assert.equal(injected.code, EXIT.ok);
      const stripped = await pipe(injected.stdout, 'uninject', '-f', '-');
      assert.deepEqual([stripped.code, stripped.stdout], [EXIT.ok, input]);
    }),
    context.test('an input that is no YAML: 1, its place, and nothing on stdout', async () => {
      const { code, stdout, stderr } = await pipe('a: [', 'uninject', '-f', '-');
      assert.deepEqual([code, stdout], [EXIT.failed, '']);
      assert.match(stderr, /^-:1:\d+: it is no valid YAML/m);
    }),
  ]);
});
