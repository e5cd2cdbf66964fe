// The scripts that Postgres runs, run here by the real /bin/sh against a client that answers as it is told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildArchiveScript, buildLettingGoScript, buildRestoreScript } from '../../src/agent/scripts.ts';
import { ARCHIVE_SOCKET, LETTING_GO_MARKER, RECOVERY_SOCKET } from '../../src/api/names.ts';
import { type RunResult, run } from '../../src/tools/exec.ts';
import { writeProgram } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000007';

/** The script with paths of the test's own, and a socket where one is expected. */
async function install(context: TestContext, text: string): Promise<{ directory: string; script: string }> {
  const directory = await makeTempDir(context);
  const socket = join(directory, 's.sock');
  const server = createServer().listen(socket);
  await once(server, 'listening');
  context.after(() => server.close());
  const script = join(directory, 'script');
  await writeFile(script, text.replaceAll(RECOVERY_SOCKET, socket).replaceAll(ARCHIVE_SOCKET, socket));
  await chmod(script, 0o755);
  return { directory, script };
}

function call(script: string, ...args: string[]): Promise<RunResult> {
  return run(script, args, { env: { PATH: process.env.PATH ?? '' }, timeoutMs: 10_000 });
}

async function restore(context: TestContext, client: string): Promise<RunResult & { asked: string }> {
  const text = buildRestoreScript('CLIENT');
  const { directory, script } = await install(context, text.replace('CLIENT', '"$(dirname "$0")/client"'));
  await writeProgram(join(directory, 'client'), `echo "$@" > "${join(directory, 'asked')}"\n${client}`);
  const result = await call(script, SEGMENT, 'pg_wal/RECOVERYXLOG');
  return { ...result, asked: await readFile(join(directory, 'asked'), 'utf8') };
}

/** Only "it is not in the archive" may end a recovery; everything else must stop Postgres. */
const ANSWERS: readonly (readonly [name: string, client: string, code: number])[] = [
  ['fetched', 'exit 0', 0],
  ['missing', 'echo "Error: archive not found" >&2; exit 1', 1],
  ['any failure', 'echo "connection refused" >&2; exit 1', 255],
  ['a failure without words', 'exit 1', 255],
  ['the words with another code', 'echo "archive not found" >&2; exit 2', 255],
  ["WAL-G's own code for missing, which this client never gives", 'exit 74', 255],
  ['its own 255', 'exit 255', 255],
  ['killed', 'echo "archive not found" >&2; kill -KILL $$', 255],
  ['terminated', 'kill -TERM $$', 255],
];

for (const [name, client, code] of ANSWERS) {
  test(`restore_command: ${name} gives ${code}`, async (context) => {
    const result = await restore(context, client);
    assert.equal(result.code, code, result.stderrTail.join());
    assert.match(result.asked, new RegExp(`wal-fetch ${SEGMENT} pg_wal/RECOVERYXLOG\\n$`));
  });
}

test('a failed fetch says in the log of Postgres which segment and why', async (context) => {
  const { stderrTail } = await restore(context, 'echo "connection refused" >&2; exit 1');
  assert.match(stderrTail.join(), new RegExp(`walguard: ${SEGMENT} could not be fetched: 1:connection refused`));
});

test('a client that is not there stops Postgres, instead of ending its recovery', async (context) => {
  const { script } = await install(context, buildRestoreScript('/no/such/client'));
  assert.equal((await call(script, SEGMENT, 'x')).code, 255);
});

test('restore_command waits for the socket of the daemon that serves the recovery', () => {
  const text = buildRestoreScript('/c');
  assert.match(text, new RegExp(`while \\[ ! -S ${RECOVERY_SOCKET} \\]`));
  assert.ok(!text.includes(ARCHIVE_SOCKET));
});

for (const code of [0, 1, 74, 137]) {
  test(`archive_command: the client's ${code} is passed on`, async (context) => {
    const text = buildArchiveScript('CLIENT');
    const { directory, script } = await install(context, text.replace('CLIENT', '"$(dirname "$0")/client"'));
    await writeProgram(join(directory, 'client'), `echo "$@"; exit ${code}`);
    const result = await call(script, SEGMENT);
    assert.equal(result.code, code);
    assert.match(result.stdout, new RegExp(`s\\.sock .*wal-push ${SEGMENT}\\n$`));
  });
}

const SOON = () => String(Math.floor(Date.now() / 1000) + 30);
const PAST = () => String(Math.floor(Date.now() / 1000) - 1);
const HISTORY = '00000002.history';

/** What the marker holds, what is asked for, what the client would answer; and the answer, and was the client asked? */
const LETTING_GO: readonly (readonly [
  name: string,
  marker: string | undefined,
  file: string,
  client: number,
  code: number,
  asked: boolean,
])[] = [
  ['no marker, and the store takes it', undefined, SEGMENT, 0, 0, true],
  ['no marker, and the store does not', undefined, SEGMENT, 1, 1, true],
  ['a marker that holds', `${SOON()}\n`, SEGMENT, 1, 0, false],
  ['a marker that has run out', `${PAST()}\n`, SEGMENT, 1, 1, true],
  ['an empty marker', '', SEGMENT, 1, 1, true],
  ['a torn marker', SOON(), SEGMENT, 1, 1, true],
  ['nonsense for a marker', 'yes\n', SEGMENT, 1, 1, true],
  ['an empty line for a marker', '\n', SEGMENT, 1, 1, true],
  ['a history that the store takes', `${SOON()}\n`, HISTORY, 0, 0, true],
  ['a history that the store does not take', `${SOON()}\n`, HISTORY, 1, 0, true],
  ['a history, and a marker that has run out', `${PAST()}\n`, HISTORY, 1, 1, true],
];

for (const [name, marker, file, client, code, asked] of LETTING_GO) {
  test(`archive_command that may let WAL go, ${name}: ${code}, the store is ${asked ? 'asked' : 'not asked'}`, async (context) => {
    const text = buildLettingGoScript('CLIENT').replace('CLIENT', '"$(dirname "$0")/client"');
    const place = await makeTempDir(context);
    const { directory, script } = await install(context, text.replaceAll(LETTING_GO_MARKER, join(place, 'marker')));
    await writeProgram(join(directory, 'client'), `echo "$@"; exit ${client}`);
    if (marker !== undefined) await writeFile(join(place, 'marker'), marker);
    const result = await call(script, file);
    assert.equal(result.code, code, result.stderrTail.join());
    assert.equal(result.stdout.includes(`wal-push ${file}`), asked);
    // A word in the log of Postgres for each one that is let go, and for no other.
    assert.equal(/is let go/.test(result.stderrTail.join()), code === 0 && client === 1);
  });
}

test('a marker that comes while a push hangs counts for that push', async (context) => {
  const place = await makeTempDir(context);
  const marker = join(place, 'marker');
  const text = buildLettingGoScript('CLIENT').replace('CLIENT', '"$(dirname "$0")/client"');
  const { directory, script } = await install(context, text.replaceAll(LETTING_GO_MARKER, marker));
  await writeProgram(join(directory, 'client'), `echo ${SOON()} > ${marker}; exit 1`);
  assert.equal((await call(script, SEGMENT)).code, 0);
});

test('where the policy says block, the script knows of no letting go at all', () => {
  assert.ok(!buildArchiveScript('/c').includes(LETTING_GO_MARKER));
});
