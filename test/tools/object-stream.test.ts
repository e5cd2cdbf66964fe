import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { putObject, readObjectStream } from '../../src/tools/object-stream.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

async function place(context: TestContext, script: string, signal = new AbortController().signal) {
  const directory = await makeTempDir(context);
  const engine = await makeScriptedEngine(directory, script);
  return { directory, place: { engine, env: { OUT: join(directory, 'out'), PATH: process.env.PATH }, signal } };
}

async function* parts(...texts: readonly (string | Error)[]): AsyncGenerator<Buffer> {
  for (const each of texts) {
    if (each instanceof Error) throw each;
    yield Buffer.from(each);
  }
}

async function collect(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of source) text += chunk.toString('utf8');
  return text;
}

/** Takes the end of its input for the end of the object, as the engines do. */
const TAKE = 'cat > "$OUT.part"; mv "$OUT.part" "$OUT"; echo "$@" > "$OUT.args"';

test('what is given arrives whole, in no other shape and over nothing that is there', async (context) => {
  const { directory, place: at } = await place(context, TAKE);
  await putObject(at, 'a/b', parts('one', 'two'));
  assert.equal(await readFile(join(directory, 'out'), 'utf8'), 'onetwo');
  const args = await readFile(join(directory, 'out.args'), 'utf8');
  assert.equal(args.trim(), 'st put --read-stdin --no-compress a/b');
});

test('a source that breaks off leaves no object', async (context) => {
  const { directory, place: at } = await place(context, TAKE);
  await assert.rejects(putObject(at, 'a/b', parts('one', new Error('broken off'))), { message: 'broken off' });
  assert.ok(!existsSync(join(directory, 'out')));
});

test("the engine's own words are the error, whether or not it read to the end", async (context) => {
  for (const script of ['cat >/dev/null; echo denied >&2; exit 1', 'echo denied >&2; exit 1']) {
    const { place: at } = await place(context, script);
    const much = parts(...Array.from({ length: 50 }, () => 'x'.repeat(100_000)));
    await assert.rejects(putObject(at, 'a/b', much), /st put a\/b failed with code 1: denied/);
  }
});

test('an engine that reads no more is a failure, though it says that all is well', async (context) => {
  const { place: at } = await place(context, 'exit 0');
  const much = parts(...Array.from({ length: 50 }, () => 'x'.repeat(100_000)));
  await assert.rejects(putObject(at, 'a/b', much), /st put/);
});

test('reading throws at its end where the engine failed', async (context) => {
  const { place: good } = await place(context, 'printf text');
  assert.equal(await collect(readObjectStream(good, 'a')), 'text');
  const { place: bad } = await place(context, 'printf text; echo gone >&2; exit 1');
  await assert.rejects(collect(readObjectStream(bad, 'a')), /st cat a failed with code 1: gone/);
});

test('a signal ends either with its reason', async (context) => {
  for (const act of ['put', 'read'] as const) {
    const stop = new AbortController();
    const { place: at } = await place(context, 'exec sleep 60', stop.signal);
    setTimeout(() => stop.abort(new Error('too late')), 100);
    const running = act === 'put' ? putObject(at, 'a', parts('x')) : collect(readObjectStream(at, 'a'));
    await assert.rejects(running, { message: 'too late' });
  }
});
