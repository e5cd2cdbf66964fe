// The gate between restore_command's client and the engine's daemon, with an engine that answers as it is told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startGate } from '../../src/agent/recovery-gate.ts';
import { buildMessage, MESSAGE, parseFetch, readMessage } from '../../src/tools/daemon-protocol.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000007';
const OK = 'O';

/** As the client sends it: each argument with its length before it. */
function fetchOf(...args: string[]) {
  const parts = args.map((arg) => {
    const part = Buffer.alloc(2 + arg.length);
    part.writeUInt16BE(arg.length, 0);
    part.write(arg, 2);
    return part;
  });
  return buildMessage(MESSAGE.fetch, Buffer.concat([Buffer.from([args.length]), ...parts]));
}

interface Told {
  /** Types of the engine's answers, one after the other; the last one again and again. */
  readonly engine: readonly string[];
  readonly isStored?: (name: string) => Promise<boolean>;
}

async function ask(
  context: TestContext,
  { engine, isStored = async () => false }: Told,
  request = fetchOf(SEGMENT, 'x'),
) {
  const directory = await makeTempDir(context);
  const paths = { engine: join(directory, 'engine'), gate: join(directory, 'gate') };
  let asked = 0;
  const server = createServer((socket) => {
    readMessage(socket).then((got) => {
      assert.deepEqual(got, request);
      const type = engine[Math.min(asked++, engine.length - 1)] ?? OK;
      socket.end(buildMessage(type).bytes);
    });
  }).listen(paths.engine);
  await once(server, 'listening');
  const { log, lines } = createRecordedLog();
  const gate = await startGate({ path: paths.gate, engine: async () => paths.engine, isStored, log });
  context.after(() => {
    server.close();
    gate.close();
  });
  const client = connect(paths.gate);
  client.write(request.bytes);
  return { type: (await readMessage(client)).type, asked, lines };
}

test('a fetch that succeeds is passed on, and the store is not asked', async (context) => {
  const isStored = () => assert.fail('the store was asked');
  assert.equal((await ask(context, { engine: [OK], isStored })).type, OK);
  assert.equal((await ask(context, { engine: [MESSAGE.error], isStored })).type, MESSAGE.error);
});

test('missing, and the store does not list it: missing', async (context) => {
  const names: string[] = [];
  const isStored = async (name: string) => names.push(name) < 0;
  assert.equal((await ask(context, { engine: [MESSAGE.missing], isStored })).type, MESSAGE.missing);
  assert.deepEqual(names, [SEGMENT]);
});

test('missing, but the store lists it: asked again, and then it is there', async (context) => {
  const { type, asked } = await ask(context, { engine: [MESSAGE.missing, OK], isStored: async () => true });
  assert.deepEqual([type, asked], [OK, 2]);
});

test('missing again and again, and the store lists it: an error, which stops Postgres', async (context) => {
  const { type, asked, lines } = await ask(context, { engine: [MESSAGE.missing], isStored: async () => true });
  assert.deepEqual([type, asked], [MESSAGE.error, 3]);
  assert.equal(lines[0]?.segment, SEGMENT);
});

test('missing, and the store cannot tell: an error', async (context) => {
  const isStored = () => Promise.reject(new Error('503'));
  const { type, lines } = await ask(context, { engine: [MESSAGE.missing], isStored });
  assert.equal(type, MESSAGE.error);
  assert.equal(lines[0]?.error, '503');
});

test('an engine that is not there is an error', async (context) => {
  const directory = await makeTempDir(context);
  const path = join(directory, 'gate');
  const engine = async () => join(directory, 'nothing');
  const gate = await startGate({ path, engine, isStored: async () => false, log: createRecordedLog().log });
  context.after(() => void gate.close());
  const client = connect(path);
  client.write(fetchOf(SEGMENT, 'x').bytes);
  assert.equal((await readMessage(client)).type, MESSAGE.error);
});

test('a message in pieces is read as one; one that breaks off is an error', async (context) => {
  const directory = await makeTempDir(context);
  const path = join(directory, 'socket');
  const { bytes } = fetchOf(SEGMENT, 'pg_wal/RECOVERYXLOG');
  const server = createServer((socket) => {
    socket.write(bytes.subarray(0, 2));
    setImmediate(() => socket.end(bytes.subarray(2)));
  }).listen(path);
  await once(server, 'listening');
  context.after(() => void server.close());
  assert.equal(parseFetch(await readMessage(connect(path))), SEGMENT);
  server.removeAllListeners('connection').on('connection', (socket) => socket.end(bytes.subarray(0, 5)));
  await assert.rejects(readMessage(connect(path)), /ended in the middle of a message/);
});
