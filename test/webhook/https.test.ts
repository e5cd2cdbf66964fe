// What the https server does with connections: slow ones, idle ones, broken ones, and its certificate.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { contextOf } from '../../src/webhook/https.ts';
import { until } from '../support/processes.ts';
import { buildReview } from '../support/reviews.ts';
import { askHttps, mintCertificate, SERVER_NAME } from '../support/tls.ts';
import { readMetric, startWebhook, type TestWebhook } from '../support/webhook.ts';
import { buildWorkload } from '../support/workloads.ts';

/** As in a cluster, in tenths of a second instead of seconds. */
const QUICK = { headersMs: 500, requestMs: 900, checkMs: 50, keepAliveMs: 12_000 };

let webhook: TestWebhook;
before(async () => {
  webhook = await startWebhook({ times: QUICK });
});
after(() => webhook.close());

interface Client {
  readonly socket: TLSSocket;
  readonly heard: () => string;
  readonly isClosed: () => boolean;
}

async function open(maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<Client> {
  const { port, certificate } = webhook;
  const socket = connect({ port, host: '127.0.0.1', ca: certificate.ca, servername: SERVER_NAME, maxVersion });
  let heard = '';
  let isClosed = false;
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    heard += chunk;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.on('error', reject);
  });
  return { socket, heard: () => heard, isClosed: () => isClosed };
}

/** One byte at a time, until the server has had enough. */
async function dribble({ socket, isClosed }: Client, text: string): Promise<void> {
  for (const char of text) {
    if (isClosed() || !socket.writable) return;
    socket.write(char);
    await sleep(20);
  }
}

const BODY = JSON.stringify(buildReview(buildWorkload()));
const HEAD = `POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`;
const REQUEST = `${HEAD}\r\n${BODY}`;

test('headers that come too slowly, or stop, get a clean 408', async () => {
  for (const send of [dribble, async ({ socket }: Client) => void socket.write('POST /validate HTTP/1.1\r\nHo')]) {
    const client = await open();
    const startedAt = performance.now();
    await Promise.all([send(client, HEAD), until('it is cut off', client.isClosed)]);
    assert.match(client.heard(), /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
    assert.ok(performance.now() - startedAt < 2000);
  }
});

test('a body that comes too slowly, or stops, gets a clean 408 and is counted', async () => {
  const before = await readMetric(webhook.metrics, 'walguard_admission_refused_total{status="408"}');
  for (const send of [dribble, async ({ socket }: Client) => void socket.write(BODY.slice(0, 9))]) {
    const client = await open();
    client.socket.write(`${HEAD}\r\n`);
    await Promise.all([send(client, BODY), until('it is cut off', client.isClosed)]);
    assert.match(client.heard(), /^HTTP\/1\.1 408 Request Timeout\r\n/);
  }
  assert.equal(await readMetric(webhook.metrics, 'walguard_admission_refused_total{status="408"}'), before + 2);
  assert.ok(webhook.load.idleMs() > 0, 'nothing of them is left');
});

test('the second request on a connection is held to the same', async () => {
  const client = await open();
  client.socket.write(REQUEST);
  await until('the first is answered', () => client.heard().includes('"uid":"review-1"'));
  client.socket.write(HEAD.slice(0, 40));
  await until('it is cut off', client.isClosed);
  assert.match(client.heard(), /HTTP\/1\.1 408 Request Timeout\r\n/);
});

test('slow senders hold up nobody', async () => {
  const slow = await Promise.all(Array.from({ length: 50 }, () => open()));
  for (const { socket } of slow) socket.write(`${HEAD}\r\n${BODY.slice(0, 100)}`);
  const startedAt = performance.now();
  for (let round = 0; round < 20; round++) {
    assert.equal((await webhook.review('/validate', buildWorkload())).allowed, false);
  }
  assert.ok(performance.now() - startedAt < QUICK.requestMs, 'before any of them was cut off');
  await until('they are cut off', () => slow.every((each) => each.isClosed()));
});

test('a connection that was opened in advance is not cut off before its first request', async () => {
  const client = await open();
  await sleep(QUICK.headersMs + QUICK.requestMs);
  assert.equal(client.isClosed(), false);
  client.socket.write(REQUEST);
  await until('it is answered', () => client.heard().includes('"uid":"review-1"'));
  assert.match(client.heard(), /^HTTP\/1\.1 200 OK\r\n/);
  client.socket.destroy();
});

test('a connection between two requests stays, and says for how long', async () => {
  const client = await open();
  client.socket.write(REQUEST);
  await until('the first is answered', () => client.heard().includes('"uid":"review-1"'));
  assert.match(client.heard(), /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=12\r\n/);
  await sleep(QUICK.headersMs + QUICK.requestMs);
  client.socket.write(REQUEST);
  await until('the second is answered', () => client.heard().split('"uid":"review-1"').length === 3);
  client.socket.destroy();
});

test('what is no HTTP is 400, headers without end are 431', async () => {
  const cases: [string, RegExp][] = [
    ['\u0000\u0001\u0002 hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
    [
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/,
    ],
  ];
  for (const [text, expected] of cases) {
    const client = await open();
    client.socket.write(text);
    await until('it is cut off', client.isClosed);
    assert.match(client.heard(), expected);
  }
});

test('TLS 1.3 is spoken, TLS 1.2 is refused', async () => {
  const client = await open();
  assert.equal(client.socket.getProtocol(), 'TLSv1.3');
  client.socket.destroy();
  await assert.rejects(open('TLSv1.2'), /protocol version/i);
});

test('a client that trusts another authority, or asks for another name, does not get through', async () => {
  const other = await mintCertificate();
  await assert.rejects(askHttps(webhook.port, other.ca, '/healthz'), /certificate/);
  await assert.rejects(webhook.ask('/healthz', undefined, { servername: 'webhook.elsewhere.svc' }), /does not match/);
});

test('another certificate is taken up by the running server: open connections go on, TLS 1.2 stays refused', async () => {
  const client = await open();
  const renewed = await mintCertificate();
  webhook.server.setSecureContext(contextOf(renewed));
  assert.equal((await askHttps(webhook.port, renewed.ca, '/healthz')).status, 200);
  await assert.rejects(askHttps(webhook.port, webhook.certificate.ca, '/healthz'), /certificate/);
  await assert.rejects(open('TLSv1.2'), /protocol version/i);
  client.socket.write(REQUEST);
  await until('it is answered', () => client.heard().includes('"uid":"review-1"'));
  client.socket.destroy();
  webhook.server.setSecureContext(contextOf(webhook.certificate));
});
