import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildMessage, MESSAGE, parseRequest, readMessage } from '../../src/tools/daemon-protocol.ts';
import { fetchMessage, pushMessage } from '../support/daemon-messages.ts';
import { makeTempDir } from '../support/temp.ts';

const NAME = '000000010000000000000007';

test('requests are read as the client writes them', () => {
  assert.deepEqual(parseRequest(buildMessage(MESSAGE.check)), { kind: 'check' });
  assert.deepEqual(parseRequest(pushMessage(NAME)), { kind: 'push', name: NAME });
  assert.deepEqual(parseRequest(fetchMessage(NAME, 'pg_wal/RECOVERYXLOG')), {
    kind: 'fetch',
    name: NAME,
    destination: 'pg_wal/RECOVERYXLOG',
  });
});

test('bytes beyond ASCII are kept apart, so that no two texts are judged as one', () => {
  assert.notDeepEqual(
    parseRequest(pushMessage('\u{FFFD}')),
    parseRequest(buildMessage(MESSAGE.push, Buffer.from([0xff]))),
  );
});

test('a message in pieces is read as one; one that breaks off, or is longer than allowed, is an error', async (context) => {
  const path = join(await makeTempDir(context), 'socket');
  const message = fetchMessage(NAME, 'pg_wal/RECOVERYXLOG');
  const server = createServer((socket) => {
    socket.write(message.bytes.subarray(0, 2));
    setImmediate(() => socket.end(message.bytes.subarray(2)));
  }).listen(path);
  await once(server, 'listening');
  context.after(() => void server.close());
  assert.deepEqual(await readMessage(connect(path)), message);
  await assert.rejects(readMessage(connect(path), message.bytes.length - 1), /^Error: a message of 51 bytes$/);
  server.removeAllListeners('connection').on('connection', (socket) => socket.end(message.bytes.subarray(0, 5)));
  await assert.rejects(readMessage(connect(path)), /ended in the middle of a message/);
});
