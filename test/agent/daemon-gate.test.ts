// The gate between the database's clients and the engine's daemon, with an engine that answers as it is told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GateOptions, startGate } from '../../src/agent/daemon-gate.ts';
import { buildMessage, MESSAGE, type Message, readMessage } from '../../src/tools/daemon-protocol.ts';
import { fetchMessage, pushMessage } from '../support/daemon-messages.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000007';
const FETCH = fetchMessage(SEGMENT, 'pg_wal/RECOVERYXLOG');

interface Scene {
  readonly path: string;
  readonly lines: Record<string, unknown>[];
  /** What the engine was asked, as it came. */
  readonly asked: Message[];
}

/** @param answers types of the engine's answers, one after the other; the last one again and again */
async function setUp(
  context: TestContext,
  answers: readonly string[],
  options: Partial<GateOptions> = {},
): Promise<Scene> {
  const directory = await makeTempDir(context);
  const paths = { engine: join(directory, 'engine'), gate: join(directory, 'gate') };
  const asked: Message[] = [];
  const server = createServer((socket) => {
    readMessage(socket).then((got) => {
      socket.end(buildMessage(answers[Math.min(asked.push(got), answers.length) - 1] as string).bytes);
    });
  }).listen(paths.engine);
  await once(server, 'listening');
  const { log, lines } = createRecordedLog();
  const findObjection = async () => undefined;
  const gate = await startGate({ path: paths.gate, engine: async () => paths.engine, findObjection, log, ...options });
  context.after(() => {
    server.close();
    gate.close();
  });
  return { path: paths.gate, lines, asked };
}

async function ask(path: string, bytes: Uint8Array): Promise<string> {
  // What is refused early may be closed while it is written to.
  const client = connect(path).on('error', () => undefined);
  client.write(bytes);
  return (await readMessage(client)).type;
}

async function askOnce(context: TestContext, answers: readonly string[], options: Partial<GateOptions> = {}) {
  const scene = await setUp(context, answers, options);
  return { type: await ask(scene.path, FETCH.bytes), ...scene };
}

for (const [what, message] of Object.entries({
  check: buildMessage(MESSAGE.check),
  push: pushMessage(SEGMENT),
  fetch: FETCH,
})) {
  test(`a ${what} that nothing speaks against reaches the engine as it came, and its answer the client`, async (context) => {
    for (const answer of [MESSAGE.ok, MESSAGE.error]) {
      const { path, asked } = await setUp(context, [answer]);
      assert.equal(await ask(path, message.bytes), answer);
      assert.deepEqual(asked, [message]);
    }
  });
}

test('what is objected to is refused: the engine does not hear of it, the log does', async (context) => {
  const findObjection = async () => 'it is none of its business';
  const { type, asked, lines } = await askOnce(context, [MESSAGE.ok], { findObjection });
  assert.deepEqual([type, asked], [MESSAGE.error, []]);
  assert.equal(lines[0]?.objection, 'it is none of its business');
});

test('what cannot be judged is refused', async (context) => {
  const findObjection = () => Promise.reject(new Error('EACCES'));
  const { type, asked, lines } = await askOnce(context, [MESSAGE.ok], { findObjection });
  assert.deepEqual([type, asked, lines[0]?.error], [MESSAGE.error, [], 'EACCES']);
});

/** Every type but the three, bodies with a byte too many or too few, and no message at all. */
const GARBAGE: Readonly<Record<string, Uint8Array>> = {
  ...Object.fromEntries(
    [...Array(256).keys()]
      .map((code) => String.fromCharCode(code))
      .filter((type) => ![MESSAGE.check, MESSAGE.push, MESSAGE.fetch].some((known) => known === type))
      .map((type) => [`type ${JSON.stringify(type)}`, buildMessage(type).bytes]),
  ),
  'a check with a body': buildMessage(MESSAGE.check, Buffer.from('x')).bytes,
  'a fetch without arguments': buildMessage(MESSAGE.fetch).bytes,
  'a fetch of one argument': fetchMessage(SEGMENT).bytes,
  'a fetch of three arguments': fetchMessage(SEGMENT, 'pg_wal/RECOVERYXLOG', 'x').bytes,
  'a fetch with a byte after its arguments': buildMessage(
    MESSAGE.fetch,
    Buffer.concat([FETCH.bytes.subarray(3), Buffer.from([0])]),
  ).bytes,
  'a fetch that says fewer arguments than it has': buildMessage(
    MESSAGE.fetch,
    Buffer.concat([Buffer.from([1]), FETCH.bytes.subarray(4)]),
  ).bytes,
  'a fetch whose last argument is cut': buildMessage(MESSAGE.fetch, Buffer.from(FETCH.bytes.subarray(3, -1))).bytes,
  'a length below the head': Buffer.from([0x43, 0, 2]),
  'a length of nothing': Buffer.from([0x43, 0, 0]),
  'a message that is too long, of which only the head has come': Buffer.from([0x46, 0xff, 0xff]),
  'a message that is too long': Buffer.concat([Buffer.from([0x46, 0xff, 0xff]), Buffer.alloc(0x20000, 0x41)]),
};

test('every other message, and what is none, is an error, and the engine does not hear of it', async (context) => {
  const { path, asked } = await setUp(context, [MESSAGE.ok]);
  for (const [what, bytes] of Object.entries(GARBAGE)) {
    // Whoever goes on sending may find the connection closed before it reads the answer.
    const answer: string = await ask(path, bytes).catch(({ code }) => code);
    assert.ok([MESSAGE.error, 'ECONNRESET', 'EPIPE'].includes(answer), `${what}: ${answer}`);
  }
  assert.deepEqual(asked, []);
  assert.equal(await ask(path, FETCH.bytes), MESSAGE.ok);
});

test('one request for each connection: a second one behind it is not heard', async (context) => {
  const { path, asked } = await setUp(context, [MESSAGE.ok]);
  await ask(path, Buffer.concat([FETCH.bytes, pushMessage(SEGMENT).bytes])).catch(() => undefined);
  assert.deepEqual(asked, [FETCH]);
});

test('a client that is slow is served; one that never comes to an end is sent away', async (context) => {
  const { path, asked, lines } = await setUp(context, [MESSAGE.ok], { requestTimeoutMs: 300 });
  const slow = connect(path);
  for (const byte of FETCH.bytes) {
    slow.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal((await readMessage(slow)).type, MESSAGE.ok);
  const stuck = connect(path);
  stuck.write(FETCH.bytes.subarray(0, 5));
  await assert.rejects(readMessage(stuck), /ended in the middle of a message/);
  assert.equal(asked.length, 1);
  assert.match(String(lines[0]?.error), /no whole request within 300 ms/);
});

test('a client that goes away, before it has asked or before it is answered, harms nobody', async (context) => {
  const { path } = await setUp(context, [MESSAGE.ok]);
  for (const bytes of [Buffer.alloc(0), FETCH.bytes.subarray(0, 4), FETCH.bytes]) {
    const client = connect(path);
    await once(client, 'connect');
    client.end(bytes);
    client.destroy();
  }
  assert.equal(await ask(path, FETCH.bytes), MESSAGE.ok);
});

test('many clients at once are all answered; too many are turned away, and those after them are answered again', async (context) => {
  const { path } = await setUp(context, [MESSAGE.ok]);
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(path, FETCH.bytes)));
  assert.deepEqual(new Set(answers), new Set([MESSAGE.ok]));
  const idle: Socket[] = [];
  for (let n = 0; n < 200; n++) {
    const client = connect(path);
    idle.push(client.on('error', () => undefined));
    await once(client, 'connect');
  }
  await assert.rejects(ask(path, FETCH.bytes));
  for (const client of idle) client.destroy();
  // The gate hears of it a moment later.
  let answer: string | undefined;
  for (let tries = 0; tries < 500 && answer === undefined; tries++) {
    answer = await ask(path, FETCH.bytes).catch(() => undefined);
  }
  assert.equal(answer, MESSAGE.ok);
});

test('a fetch that succeeds or fails is passed on, and the store is not asked', async (context) => {
  const isStored = () => assert.fail('the store was asked');
  assert.equal((await askOnce(context, [MESSAGE.ok], { isStored })).type, MESSAGE.ok);
  assert.equal((await askOnce(context, [MESSAGE.error], { isStored })).type, MESSAGE.error);
});

test('missing, where the engine is to be believed: missing', async (context) => {
  const { type, asked } = await askOnce(context, [MESSAGE.missing]);
  assert.deepEqual([type, asked.length], [MESSAGE.missing, 1]);
});

test('missing, and the store does not list it: missing', async (context) => {
  const names: string[] = [];
  const isStored = async (name: string) => names.push(name) < 0;
  assert.equal((await askOnce(context, [MESSAGE.missing], { isStored })).type, MESSAGE.missing);
  assert.deepEqual(names, [SEGMENT]);
});

test('missing, but the store lists it: asked again, and then it is there', async (context) => {
  const { type, asked } = await askOnce(context, [MESSAGE.missing, MESSAGE.ok], { isStored: async () => true });
  assert.deepEqual([type, asked.length], [MESSAGE.ok, 2]);
});

test('missing again and again, and the store lists it: an error, which stops Postgres', async (context) => {
  const { type, asked, lines } = await askOnce(context, [MESSAGE.missing], { isStored: async () => true });
  assert.deepEqual([type, asked.length], [MESSAGE.error, 3]);
  assert.equal(lines[0]?.segment, SEGMENT);
});

test('missing, and the store cannot tell: an error', async (context) => {
  const isStored = () => Promise.reject(new Error('503'));
  const { type, lines } = await askOnce(context, [MESSAGE.missing], { isStored });
  assert.equal(type, MESSAGE.error);
  assert.equal(lines[0]?.error, '503');
});

test('an engine that is not there is an error', async (context) => {
  const { path } = await setUp(context, [MESSAGE.ok], { engine: async () => '/no/such/socket' });
  assert.equal(await ask(path, FETCH.bytes), MESSAGE.error);
});
