import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killGroup, type RunResult, run, start } from '../../src/tools/exec.ts';
import { isAlive, until } from '../support/processes.ts';

const env = { PATH: process.env.PATH ?? '' };

function sh(script: string, timeoutMs = 5000): Promise<RunResult> {
  return run('/bin/sh', ['-c', script], { env, timeoutMs });
}

test('exit code, stdout and stderr come back', async () => {
  assert.deepEqual(await sh('echo out; echo err >&2; exit 7'), {
    code: 7,
    stdout: 'out\n',
    stderrTail: ['err'],
    timedOut: false,
  });
  assert.equal((await sh('exit 0')).code, 0);
});

test('a signal gives 128 and its number', async () => {
  assert.equal((await sh('kill -KILL $$')).code, 137);
  assert.equal((await sh('kill -TERM $$')).code, 143);
});

test('a program that is not there is an error that names it', async () => {
  const running = run('/no/such/program', [], { env, timeoutMs: 1000 });
  await assert.rejects(running, /could not start \/no\/such\/program: .*ENOENT/);
});

test('the environment is just what is given', async () => {
  const { stdout } = await run('/usr/bin/env', [], { env: { ONLY: 'this' }, timeoutMs: 5000 });
  assert.equal(stdout, 'ONLY=this\n');
});

test('arguments are passed as they are, not through a shell', async () => {
  const { stdout } = await run('/bin/echo', ['a b', '$HOME', ';exit 1'], { env, timeoutMs: 5000 });
  assert.equal(stdout, 'a b $HOME ;exit 1\n');
});

test('a large output comes back whole, each time', async () => {
  for (let round = 0; round < 5; round++) {
    const { stdout } = await sh('head -c 1000000 /dev/zero | tr "\\0" x; echo end');
    assert.equal(stdout.length, 1_000_004);
    assert.ok(stdout.endsWith('xend\n'));
  }
});

test('of stderr the last twenty lines are kept, each is passed on, blank ones and endless ones are not', async () => {
  const heard: string[] = [];
  const script = 'i=0; while [ $i -lt 30 ]; do echo "line $i"; echo; i=$((i+1)); done >&2; printf "%0999d" 0 >&2';
  const onStderr = (line: string) => void heard.push(line);
  const { stderrTail } = await run('/bin/sh', ['-c', script], { env, timeoutMs: 5000, onStderr });
  assert.equal(heard.length, 31);
  assert.equal(heard.at(-1), '0'.repeat(500));
  assert.deepEqual(stderrTail, heard.slice(-20));
});

test('credentials that were given to the program are taken out of what it says', async () => {
  const secrets = { AWS_ACCESS_KEY_ID: 'my-id', AWS_SECRET_ACCESS_KEY: 'my-key', PGPASSWORD: 'my-password' };
  const heard: string[] = [];
  const script =
    'echo "denied for $AWS_ACCESS_KEY_ID with $AWS_SECRET_ACCESS_KEY, $AWS_SECRET_ACCESS_KEY and $PGPASSWORD" >&2';
  const onStderr = (line: string) => void heard.push(line);
  const { stderrTail } = await run('/bin/sh', ['-c', script], {
    env: { ...env, ...secrets },
    timeoutMs: 5000,
    onStderr,
  });
  assert.deepEqual(stderrTail, ['denied for [redacted] with [redacted], [redacted] and [redacted]']);
  assert.deepEqual(heard, stderrTail);
});

test('an empty credential hides nothing', async () => {
  const options = { env: { ...env, PGPASSWORD: '' }, timeoutMs: 5000 };
  const { stderrTail } = await run('/bin/sh', ['-c', 'echo plain >&2'], options);
  assert.deepEqual(stderrTail, ['plain']);
});

test('at its deadline a process is ended with its children and grandchildren', async () => {
  const { code, stdout, timedOut } = await sh('sh -c "sleep 60 & echo \\$!; wait" & echo $!; wait', 300);
  assert.equal(timedOut, true);
  assert.equal(code, 143);
  const pids = stdout.trim().split('\n').map(Number);
  assert.equal(pids.length, 2);
  for (const pid of pids) await until(`end of ${pid}`, () => !isAlive(pid));
});

test('what ignores SIGTERM is killed five seconds later', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  let isReady = false;
  let result: RunResult | undefined;
  const ended = () => result;
  const script = 'trap "" TERM; echo ready >&2; while :; do sleep 0.05; done';
  const onStderr = () => {
    isReady = true;
  };
  void run('/bin/sh', ['-c', script], { env, timeoutMs: 60_000, onStderr }).then((each) => {
    result = each;
  });
  while (!isReady) await turn();
  context.mock.timers.tick(60_000);
  for (let turns = 0; turns < 50; turns++) await turn();
  context.mock.timers.tick(4999);
  for (let turns = 0; turns < 50; turns++) await turn();
  assert.equal(ended(), undefined, 'it has time to end by itself');
  context.mock.timers.tick(1);
  while (!ended()) {
    await turn();
    context.mock.timers.tick(1);
  }
  assert.deepEqual([ended()?.code, ended()?.timedOut], [137, true]);
});

test('a detached grandchild that holds the pipes open does not hold up the result', async () => {
  const startedAt = performance.now();
  const { stdout, code } = await sh('setsid sleep 60 & echo $!');
  assert.ok(performance.now() - startedAt < 4000);
  assert.equal(code, 0);
  const pid = Number(stdout);
  assert.ok(isAlive(pid));
  process.kill(pid, 'SIGKILL');
});

test('killing a group that is gone is no error', async () => {
  const child = start('/bin/sh', ['-c', 'exit 0'], env);
  await new Promise((resolve) => child.once('exit', resolve));
  killGroup(child, 'SIGTERM');
  const failed = start('/no/such/program', [], env);
  await new Promise((resolve) => failed.once('error', resolve));
  killGroup(failed, 'SIGTERM');
});

test('a signal ends it with its whole group, before the start too', async () => {
  const stop = new AbortController();
  let child = 0;
  const running = run('/bin/sh', ['-c', 'sleep 60 & echo $! >&2; wait'], {
    env,
    timeoutMs: 50_000,
    signal: stop.signal,
    onStderr: (line) => {
      child = Number(line);
      stop.abort();
    },
  });
  const { code, timedOut } = await running;
  assert.deepEqual([code, timedOut], [143, false]);
  await until('the child of the program has ended', () => !isAlive(child));
  const late = await run('/bin/sleep', ['60'], { env, timeoutMs: 50_000, signal: stop.signal });
  assert.equal(late.code, 143);
});

test('what still runs ends with this process', async () => {
  const exec = JSON.stringify(new URL('../../src/tools/exec.ts', import.meta.url).href);
  const script = `
    const { run } = await import(${exec});
    const onStderr = (line) => { console.log(line); process.exit(0); };
    await run('/bin/sh', ['-c', 'sleep 60 & echo $! >&2; wait'], { env: process.env, timeoutMs: 50000, onStderr });`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env, timeoutMs: 20_000 });
  const child = Number(stdout.trim());
  assert.ok(child > 1, stdout);
  await until('the grandchild has ended', () => !isAlive(child));
});
