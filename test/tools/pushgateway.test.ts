// Against a small HTTP server of our own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Gauge, pushGauge } from '../../src/tools/pushgateway.ts';
import { serveAnswer } from '../support/http-answer.ts';

const gauge = (url: string): Gauge => ({
  url,
  name: 'backup_seconds',
  value: 1763719200,
  group: [
    ['job', 'walguard'],
    ['namespace', 'shop'],
    ['database', 'a/b'],
  ],
});

test('the group is in the path, and credentials of the URL become a header', async (context) => {
  const { port, seen } = await serveAnswer(context, { status: 202 });
  await pushGauge(gauge(`http://admin:p%40ss@127.0.0.1:${port}/push/`));
  assert.deepEqual(seen[0]?.line, 'POST /push/metrics/job/walguard/namespace/shop/database/a%2Fb');
  assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from('admin:p@ss').toString('base64')}`);
});

test('the credentials are carried nowhere else: a redirect is a failure', async (context) => {
  const other = await serveAnswer(context, { status: 202 });
  const { url } = await serveAnswer(context, { status: 308, headers: { location: other.url } });
  await assert.rejects(pushGauge(gauge(url)), /does not answer: .*redirect/);
  assert.deepEqual(other.seen, []);
});

const FAILURES = [
  [400, 'quoted words', /answers 400$/],
  [401, '', /answers 401$/],
  [0, '', /does not answer/],
] as const;

for (const [status, text, message] of FAILURES) {
  test(`${status}: an error that says where and why, without the credentials or what was answered`, async (context) => {
    const { port } = await serveAnswer(context, { status, text });
    await assert.rejects(pushGauge(gauge(`http://admin:hunter2@127.0.0.1:${port}`), 200), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
      assert.doesNotMatch(error.message, /hunter2|admin|quoted/);
      return true;
    });
  });
}
