// The sidecar against a stand-in for Patroni's REST API, over HTTP and over HTTPS.
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { settle } from '../../src/agent/patroni.ts';
import { buildPatroniParameters } from '../../src/inject/archive-settings.ts';
import { type RestApi, resolveRestApi } from '../../src/tools/patroni.ts';
import { mintCertificate } from '../support/tls.ts';

const WANTED = { channel: 'rest', isPatroni: true, isTakeOver: false, timeoutSeconds: 60 } as const;

interface Asked {
  readonly method: string;
  readonly body?: unknown;
}

interface Stand {
  readonly api: RestApi;
  readonly asked: Asked[];
  parameters: Record<string, unknown>;
}

/** Patroni's /config and /patroni. PATCH merges, as Patroni does; with a password it is refused without one. */
async function startPatroni(
  context: TestContext,
  parameters: Record<string, unknown>,
  options: { password?: string; status?: number; makeServer?: (listener: RequestListener) => Server } = {},
): Promise<Stand> {
  const asked: Asked[] = [];
  const stand = { asked, parameters } as { api: RestApi; asked: Asked[]; parameters: Record<string, unknown> };
  const listener: RequestListener = async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const method = `${request.method} ${request.url}`;
    asked.push({ method, ...(text ? { body: JSON.parse(text) } : {}) });
    const expected = options.password && `Basic ${Buffer.from(`admin:${options.password}`).toString('base64')}`;
    response.setHeader('content-type', 'application/json');
    if (options.status) response.statusCode = options.status;
    else if (request.method === 'PATCH' && expected && request.headers.authorization !== expected)
      response.statusCode = 401;
    else if (request.method === 'PATCH') Object.assign(stand.parameters, JSON.parse(text).postgresql.parameters);
    else if (request.url === '/patroni') {
      response.statusCode = 503;
      return response.end('{"patroni":{"version":"4.0.4","scope":"shop","name":"shop-1"}}');
    }
    return response.end(JSON.stringify({ ttl: 30, postgresql: { parameters: stand.parameters } }));
  };
  const server = (options.makeServer ?? createServer)(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  stand.api = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return stand;
}

function written({ asked }: Stand): unknown[] {
  return asked.filter(({ method }) => method === 'PATCH /config').map(({ body }) => body);
}

test('what is missing is put there, and only that; the second look changes nothing', async (context) => {
  const patroni = await startPatroni(context, { max_connections: 200, archive_mode: 'on' });
  assert.deepEqual(await settle(patroni.api, WANTED), { kind: 'in-place', scope: 'shop', member: 'shop-1' });
  const { archive_mode: _there, ...missing } = buildPatroniParameters(60);
  assert.deepEqual(written(patroni), [{ postgresql: { parameters: missing } }]);
  assert.equal(patroni.parameters.max_connections, 200);
  assert.deepEqual(await settle(patroni.api, WANTED), { kind: 'in-place', scope: 'shop', member: 'shop-1' });
  assert.equal(written(patroni).length, 1);
});

test("another's archive_command is left alone and its text is not told; a take-over replaces it", async (context) => {
  const patroni = await startPatroni(context, { archive_command: 'push --key hidden %p' });
  const outcome = await settle(patroni.api, WANTED);
  assert.deepEqual(outcome, { kind: 'foreign', parameter: 'archive_command', scope: 'shop', member: 'shop-1' });
  assert.deepEqual(written(patroni), []);
  assert.equal((await settle(patroni.api, { ...WANTED, isTakeOver: true })).kind, 'in-place');
  assert.match(String(patroni.parameters.archive_command), /archive-wal/);
});

test('nothing is ever restarted', async (context) => {
  const patroni = await startPatroni(context, {});
  await settle(patroni.api, WANTED);
  assert.deepEqual(
    patroni.asked.map(({ method }) => method),
    ['GET /config', 'GET /patroni', 'PATCH /config'],
  );
});

test('credentials are given; without them, or with wrong ones, it is said what to set', async (context) => {
  const patroni = await startPatroni(context, {}, { password: 'pw' });
  const told = (api: RestApi) => settle(api, WANTED);
  assert.equal((await told({ ...patroni.api, username: 'admin', password: 'pw' })).kind, 'in-place');
  patroni.parameters = {};
  const without = await told(patroni.api);
  assert.ok(without.kind === 'failed');
  assert.match(without.why, /PATCH http:.*\/config answers 401 \(give the container PATRONI_RESTAPI_USERNAME and/);
  const wrong = await told({ ...patroni.api, username: 'admin', password: 'no' });
  assert.ok(wrong.kind === 'failed');
  assert.match(wrong.why, /or PATRONI_RESTAPI_PASSWORD is wrong/);
  assert.doesNotMatch(JSON.stringify([without, wrong]), /"pw"|admin/);
});

test('an answer that is no configuration, and no answer, are failures that say where', async (context) => {
  const patroni = await startPatroni(context, {}, { status: 502 });
  const broken = await settle(patroni.api, WANTED);
  assert.ok(broken.kind === 'failed');
  assert.match(broken.why, /^GET http:\/\/127\.0\.0\.1:\d+\/config answers 502$/);
  assert.deepEqual(written(patroni), []);
  const silent = await settle({ host: '127.0.0.1', port: 1 }, WANTED);
  assert.ok(silent.kind === 'failed');
  assert.match(silent.why, /^GET http:\/\/127\.0\.0\.1:1\/config: connect ECONNREFUSED/);
});

test('an API that speaks TLS is asked again by TLS, whoever signed its certificate', async (context) => {
  const { cert, key } = await mintCertificate();
  const patroni = await startPatroni(
    context,
    {},
    {
      makeServer: (listener) => createTlsServer({ cert, key }, listener),
    },
  );
  assert.deepEqual(await settle(patroni.api, WANTED), { kind: 'in-place', scope: 'shop', member: 'shop-1' });
});

const ADDRESSES: readonly (readonly [listen: string | undefined, host: string, port: number])[] = [
  [undefined, '127.0.0.1', 8008],
  ['0.0.0.0:8008', '127.0.0.1', 8008],
  ['*:9000', '127.0.0.1', 9000],
  [':8010', '127.0.0.1', 8010],
  ['[::]:8008', '127.0.0.1', 8008],
  ['localhost:8008', '127.0.0.1', 8008],
  ['10.0.0.7:8008', '10.0.0.7', 8008],
  ['[fd00::7]:8011', 'fd00::7', 8011],
  ['0.0.0.0', '127.0.0.1', 8008],
];

for (const [listen, host, port] of ADDRESSES) {
  test(`PATRONI_RESTAPI_LISTEN ${listen ?? 'unset'}: ${host} port ${port}`, () => {
    assert.deepEqual(resolveRestApi({ PATRONI_RESTAPI_LISTEN: listen }), { host, port });
  });
}

test('credentials are taken only as a pair', () => {
  const pair = { PATRONI_RESTAPI_USERNAME: 'u', PATRONI_RESTAPI_PASSWORD: 'p' };
  assert.deepEqual(resolveRestApi(pair), { host: '127.0.0.1', port: 8008, username: 'u', password: 'p' });
  assert.equal(resolveRestApi({ PATRONI_RESTAPI_USERNAME: 'u' }).username, undefined);
});
