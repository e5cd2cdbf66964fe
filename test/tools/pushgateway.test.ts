// Against a small HTTP server of our own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type Gauge, pushGauge } from '../../src/tools/pushgateway.ts';

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

async function serve(context: TestContext, status: number, text = ''): Promise<{ host: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    seen.push({ line: `${method} ${url}`, headers });
    response.statusCode = status;
    // Status 0: never an answer.
    if (status > 0) response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as { port: number }).port}`, seen };
}

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
  const { host, seen } = await serve(context, 202);
  await pushGauge(gauge(`http://admin:p%40ss@${host}/push/`));
  assert.deepEqual(seen[0]?.line, 'POST /push/metrics/job/walguard/namespace/shop/database/a%2Fb');
  assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from('admin:p@ss').toString('base64')}`);
});

const FAILURES = [
  [400, 'invalid metric name', /answers 400: invalid metric name/],
  [401, '', /answers 401/],
  [0, '', /does not answer/],
] as const;

for (const [status, text, message] of FAILURES) {
  test(`${status}: an error that says where and why, without the credentials`, async (context) => {
    const { host } = await serve(context, status, text);
    await assert.rejects(pushGauge(gauge(`http://admin:hunter2@${host}`), 200), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(host));
      assert.doesNotMatch(error.message, /hunter2|admin/);
      return true;
    });
  });
}
