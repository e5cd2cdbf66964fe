// The pipes between the two containers of a dump's pod, with the shipped script in a real sh and tools that are scripts.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DumpClient, openDumpClient, type ToolCall } from '../../src/agent/dump-client.ts';
import { CLIENT_SCRIPT, PIPES } from '../../src/companion/client-script.ts';
import { makeTempDir } from '../support/temp.ts';

interface Stage {
  readonly directory: string;
  readonly client: DumpClient;
  readonly container: ChildProcess;
  readonly stop: AbortController;
  readonly run: (call: ToolCall) => Promise<string>;
}

async function start(context: TestContext, env: Record<string, string> = {}): Promise<Stage> {
  const directory = await makeTempDir(context);
  for (const name of PIPES) execFileSync('mkfifo', ['-m', '0600', join(directory, name)]);
  const container = spawn('sh', ['-c', CLIENT_SCRIPT], { cwd: directory, detached: true, stdio: 'ignore' });
  const ended = once(container, 'exit');
  const stop = new AbortController();
  const client = openDumpClient(directory, env, stop);
  context.after(async () => {
    end(container);
    await ended;
  });
  const run = async (call: ToolCall) => {
    const chunks: Buffer[] = [];
    for await (const chunk of client.run(call)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  return { directory, client, container, stop, run };
}

function end({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

const sh = (script: string, ...args: string[]) => ['sh', '-c', script, 'sh', ...args];

test('tools run one after the other, with their words and variables, and what they write comes back whole', async (context) => {
  const { run, client, container } = await start(context, { PGPASSWORD: `p'w $x`, PGUSER: 'a\nb' });
  assert.equal(await run({ words: ['printf', '%s|%s', `it's`, 'two\nlines'] }), `it's|two\nlines`);
  assert.equal(
    await run({ words: sh('printf %s "$PGPASSWORD$PGUSER$PGDATABASE"'), env: { PGDATABASE: 'o"d$d' } }),
    `p'w $xa\nbo"d$d`,
  );
  assert.equal((await run({ words: sh('head -c 3000000 /dev/zero') })).length, 3_000_000);
  assert.equal(await run({ words: ['true'] }), '');
  client.close();
  assert.deepEqual(await once(container, 'exit'), [0, null]);
});

test('a tool that reads gets all that there is', async (context) => {
  const { run } = await start(context);
  const input = (async function* () {
    for (let i = 0; i < 300; i++) yield Buffer.alloc(10_000, 120);
  })();
  assert.equal((await run({ words: sh('wc -c'), input })).trim(), '3000000');
});

test("a tool's failure is told with its code and words, never with the password; the next one is none the worse", async (context) => {
  const { run, directory } = await start(context, { PGPASSWORD: 'the-password' });
  const failing = run({ words: sh('echo some; echo "no $PGPASSWORD here" >&2; exit 3') });
  await assert.rejects(failing, { message: 'sh ended with code 3: no [redacted] here' });
  await assert.rejects(run({ words: ['no-such-tool'] }), /no-such-tool ended with code 127: .*not found/);
  await assert.rejects(run({ words: sh('kill -9 $$') }), /ended with code 137/);
  assert.equal(await run({ words: ['echo', 'fine'] }), 'fine\n');
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith('request-')),
    [],
  );
});

test('no link of the image is followed: what only this side may read is not read for it', async (context) => {
  const { run, directory } = await start(context);
  const secret = join(await makeTempDir(context), 'key');
  await writeFile(secret, 'the-key-of-all-backups');
  const replace = (name: string, script = '') => sh(`rm -f ${name}; ln -s ${secret} ${name}; ${script}`);
  await assert.rejects(run({ words: replace('errors', 'exit 3') }), {
    message: 'sh ended with code 3: it said nothing',
  });
  await symlink(secret, join(directory, 'request-2'));
  await assert.rejects(run({ words: ['true'] }), /EEXIST/);
  assert.equal(await readFile(secret, 'utf8'), 'the-key-of-all-backups');
});

test('an output that became a link is no output', async (context) => {
  const { run } = await start(context);
  const secret = join(await makeTempDir(context), 'key');
  await writeFile(secret, 'the-key-of-all-backups');
  assert.equal(await run({ words: sh(`rm output; ln -s ${secret} output`) }), '');
  await assert.rejects(run({ words: ['true'] }), /ELOOP/);
});

test('of what a tool says only the end is read', async (context) => {
  const { run } = await start(context);
  const failing = run({ words: sh('head -c 5000000 /dev/zero | tr "\\0" "\\n" >&2; echo the last word >&2; exit 3') });
  await assert.rejects(failing, { message: 'sh ended with code 3: the last word' });
});

test('a tool that fails before it has read its input does not keep the rest waiting', async (context) => {
  const { run } = await start(context);
  const input = (async function* () {
    for (;;) yield Buffer.alloc(100_000);
  })();
  await assert.rejects(run({ words: sh('exit 4'), input }), /ended with code 4/);
});

test('an input that breaks off is a failure, though the tool took it for the end', async (context) => {
  const { run } = await start(context);
  const input = (async function* () {
    yield Buffer.from('part');
    throw new Error('the store went away');
  })();
  await assert.rejects(run({ words: ['cat'], input }), /the store went away/);
});

test('whenever the container ends, what runs fails at once', async (context) => {
  const busy = await start(context);
  const running = busy.run({ words: sh('echo begun; exec sleep 60') });
  setTimeout(() => end(busy.container), 300);
  await assert.rejects(running, /ended in the middle/);
  const idle = await start(context);
  await idle.run({ words: ['true'] });
  end(idle.container);
  await assert.rejects(idle.run({ words: ['true'] }), /ended in the middle/);
});

test('a deadline ends the waiting with its own words', async (context) => {
  const { run, stop } = await start(context);
  const running = run({ words: sh('exec sleep 60') });
  setTimeout(() => stop.abort(new Error('too late')), 100);
  await assert.rejects(running, { message: 'too late' });
});

test('after a tool that was not heard to its end there is no next', async (context) => {
  const { client, run } = await start(context);
  for await (const chunk of client.run({ words: sh('while echo y; do :; done') })) {
    assert.ok(chunk.length > 0);
    break;
  }
  await assert.rejects(run({ words: ['echo', 'next'] }), /the tool before it may still run/);
});
