// The webhook as the API server sees it: paths, reviews, answers, refusals, the log and the metrics.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import type { PolicySource } from '../../src/webhook/policy-source.ts';
import { injected } from '../support/injected.ts';
import { until } from '../support/processes.ts';
import { applyAnswer, buildReview } from '../support/reviews.ts';
import { SERVER_NAME } from '../support/tls.ts';
import { readAnswer, readMetric, startWebhook, type TestWebhook } from '../support/webhook.ts';
import { buildWorkload } from '../support/workloads.ts';

let webhook: TestWebhook;
let notReady: string | undefined;

before(async () => {
  webhook = await startWebhook({ context: { notReady: () => notReady } });
});
after(() => webhook.close());

const named = (): StatefulSet => buildWorkload({ policy: 'standard' });

test('/mutate answers with a patch that gives exactly the injected object', async () => {
  const response = await webhook.review('/mutate', named());
  const storage = {
    prefix: 's3://backups',
    region: 'us-east-1',
    forcePathStyle: false,
    credentialsSecret: 'walguard-storage',
  };
  const settings = {
    policy: 'standard',
    storage,
    archive: { timeoutSeconds: 60, compression: 'lz4', onStorageFull: 'block' },
    baseBackup: {
      schedule: '17 2 * * *',
      timeZone: 'Etc/UTC',
      timeoutSeconds: 21_600,
      method: 'node',
      from: 'primary',
      deltaSteps: 0,
    },
  } as const;
  assert.deepEqual(applyAnswer(named(), response), injected(named(), settings));
});

test('/mutate sends the injection that is stored, byte for byte, when nothing of the template changed', async () => {
  const old = injected(named(), undefined, 'example.test/walguard:0');
  const sent = { ...named(), spec: { ...named().spec, replicas: 2 } };
  const response = await webhook.review('/mutate', sent, old);
  assert.equal(JSON.stringify(applyAnswer(sent, response).spec.template), JSON.stringify(old.spec.template));
});

test('/validate refuses a database without a policy with 403 and the message', async () => {
  const { allowed, status } = await webhook.review('/validate', buildWorkload());
  assert.deepEqual([allowed, status?.code], [false, 403]);
  assert.match(status?.message ?? '', /backup-required: .*walguard\.dev\/policy: standard/s);
});

test('/validate lets in what /mutate made', async () => {
  const mutated = applyAnswer(named(), await webhook.review('/mutate', named()));
  const { allowed, status } = await webhook.review('/validate', mutated);
  assert.deepEqual([allowed, status], [true, undefined]);
});

test('/validate says which policies there are when the named one does not exist', async () => {
  const { status } = await webhook.review('/validate', buildWorkload({ policy: 'gold' }));
  assert.match(status?.message ?? '', /policy-unknown: .*standard/s);
});

test('/validate/warn allows with a warning, /validate/audit with an audit annotation alone', async () => {
  const warned = await webhook.review('/validate/warn', buildWorkload());
  assert.deepEqual([warned.allowed, warned.warnings?.length], [true, 1]);
  const audited = await webhook.review('/validate/audit', buildWorkload());
  assert.deepEqual([audited.allowed, audited.warnings], [true, undefined]);
  assert.equal(audited.auditAnnotations?.verdict, 'backup-required');
});

const PATHS = [
  '/mutate',
  '/validate',
  '/validate/warn',
  '/validate/audit',
  '/mutate/restores',
  '/validate/policies',
  '/validate/restores',
];

const NAMED = { name: 'x', annotations: { [ANNOTATION.policy]: 'standard' } };

const MALFORMED: Readonly<Record<string, unknown>> = {
  null: null,
  'a text': 'StatefulSet',
  'a list': [],
  'an empty object': {},
  'metadata that is a number': { metadata: 1, spec: {} },
  'a spec that is null': { metadata: { name: 'x' }, spec: null },
  'a template that is a list': { metadata: NAMED, spec: { template: [] } },
  'containers that are a number': { metadata: NAMED, spec: { template: { spec: { containers: 7 } } } },
  'annotations that are a list': { metadata: { name: 'x', annotations: ['a'] }, spec: {} },
  'another kind': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: {} },
};

for (const [name, object] of Object.entries(MALFORMED)) {
  test(`a review whose object is ${name} is answered: let through, and said`, async () => {
    for (const path of PATHS.slice(0, 4)) {
      const { allowed, warnings, auditAnnotations } = await webhook.review(path, object);
      assert.equal(allowed, true, path);
      assert.match(warnings?.join() ?? '', /^walguard: not looked at: /, path);
      assert.ok(auditAnnotations?.error, path);
    }
    // Nothing of walguard's is in it, so what is said of it does not matter; but it is an answer.
    for (const path of PATHS.slice(4)) await webhook.review(path, object);
  });
}

test('what went wrong inside is one line in the log, with the uid and where', async () => {
  webhook.lines.length = 0;
  await webhook.review('/validate', { metadata: { name: 'x' }, spec: { template: [] } });
  const line = webhook.lines.find(({ msg }) => msg === 'a review went wrong');
  assert.equal(line?.uid, 'review-1');
  assert.match(String(line?.stack), / {4}at /);
});

const REVIEW = buildReview(buildWorkload()) as { request: object };

/** Bodies that are no review that could be answered. */
const NO_REVIEW: Readonly<Record<string, unknown>> = {
  'no JSON': '{"request":',
  'a text': '"review"',
  empty: '',
  'an empty object': '{}',
  'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
  'without a uid': { ...REVIEW, request: { ...REVIEW.request, uid: undefined } },
  'with a uid that is a number': { ...REVIEW, request: { ...REVIEW.request, uid: 7 } },
  'with an empty uid': { ...REVIEW, request: { ...REVIEW.request, uid: '' } },
  'with a request that is a list': { ...REVIEW, request: [] },
  'of another version': { ...REVIEW, apiVersion: 'admission.k8s.io/v1beta1' },
  'of another kind': { ...REVIEW, kind: 'TokenReview' },
};

for (const [name, body] of Object.entries(NO_REVIEW)) {
  test(`a body that is ${name}: 400, and what was expected`, async () => {
    for (const path of PATHS) {
      const { status, text } = await webhook.ask(path, body);
      assert.equal(status, 400);
      assert.match(
        text,
        /^(expected an AdmissionReview of admission\.k8s\.io\/v1 .*|the body is not valid JSON in UTF-8)\n$/,
      );
    }
  });
}

test('what a body says that cannot be read is neither answered nor logged', async () => {
  webhook.lines.length = 0;
  const { text } = await webhook.ask('/mutate', '{"password":"hunter2",}');
  assert.doesNotMatch(text + webhook.text(), /hunter2/);
});

test('a BOM, duplicate keys and numbers beyond all bounds are read as JSON reads them', async () => {
  const text = JSON.stringify(REVIEW).replace('"replicas":1', '"replicas":1e999,"replicas":12345678901234567890');
  const { allowed } = readAnswer(await webhook.ask('/validate', `\uFEFF${text}`));
  assert.equal(allowed, false);
});

const HEADERS: readonly [name: string, headers: Record<string, string>, status: number][] = [
  ['application/json with a charset', { 'content-type': 'Application/JSON; charset="UTF-8"' }, 200],
  ['a path with the query that the API server adds', { 'content-type': 'application/json' }, 200],
  ['no content type', {}, 415],
  ['YAML', { 'content-type': 'application/yaml' }, 415],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['another charset', { 'content-type': 'application/json; charset=utf-16' }, 415],
  ['a compressed body', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415],
];

for (const [name, headers, expected] of HEADERS) {
  test(`${name}: ${expected}`, async () => {
    const text = JSON.stringify(REVIEW);
    const body = headers['content-encoding'] ? gzipSync(text) : text;
    assert.equal((await webhook.ask('/validate?timeout=5s', body, { headers })).status, expected);
  });
}

test('another method is 405 with the right one, another path 404 with those that there are', async () => {
  for (const path of PATHS) {
    const { status, headers } = await webhook.ask(path);
    assert.deepEqual([status, headers.allow], [405, 'POST'], path);
  }
  for (const path of ['/readyz', '/healthz', '/metrics']) {
    const { status, headers } = await webhook.ask(path, '{}');
    assert.deepEqual([status, headers.allow], [405, 'GET'], path);
  }
  for (const path of ['/', '/mutate/', '/Mutate', '/validate/enforce', '/..%2f', '/%', '//mutate']) {
    const { status, text } = await webhook.ask(path, REVIEW);
    assert.equal(status, 404, path);
    assert.match(text, /^there are \/mutate, .*\/readyz/);
  }
});

test('a review of 3 MB with its old object is decided; a body beyond 8 MB is 413, with and without a length', async () => {
  const big = named();
  big.metadata.annotations = { ...big.metadata.annotations, big: 'x'.repeat(2_900_000) };
  assert.equal((await webhook.review('/mutate', big, big)).allowed, true);
  const huge = `{"request":"${'x'.repeat(9_000_000)}"}`;
  assert.equal((await webhook.ask('/mutate', huge)).status, 413);
  const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  assert.equal((await webhook.ask('/mutate', huge, { headers: chunked })).status, 413);
});

test('prototype keys at any depth change nothing but the object that has them', async () => {
  const evil = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}';
  const text = JSON.stringify(REVIEW).replaceAll('{"', `{${evil},"`);
  for (const path of PATHS) readAnswer(await webhook.ask(path, text));
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal((await webhook.review('/validate', buildWorkload())).allowed, false, 'and it decides as before');
});

test('an object of 10 000 levels is answered', async () => {
  const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  for (const place of ['"replicas":', '"containers":', '"metadata":']) {
    const text = JSON.stringify(REVIEW).replace(place, `"deep":${deep},${place}`);
    for (const path of PATHS) readAnswer(await webhook.ask(path, text));
  }
});

test('/healthz is ok; /readyz is 503 with the reason while the replica should get no reviews', async () => {
  const page = async (path: string) => {
    const { status, text } = await webhook.ask(path);
    return [status, text];
  };
  assert.deepEqual(await page('/healthz'), [200, 'ok\n']);
  assert.deepEqual(await page('/readyz'), [200, 'ok\n']);
  notReady = 'the CA is not there yet';
  assert.deepEqual(await page('/readyz'), [503, 'the CA is not there yet\n']);
  assert.deepEqual(await page('/healthz'), [200, 'ok\n'], 'not ready is no reason to be restarted');
  notReady = undefined;
});

test('/metrics counts each review by webhook, operation, verdict, dry run and code, and how long it took', async () => {
  const labels = 'webhook="validate",allowed="false",operation="CREATE",dry_run="false"';
  const series = [
    `walguard_admission_reviews_total{${labels},code="backup-required"}`,
    `walguard_admission_review_duration_seconds_count{${labels}}`,
    `walguard_admission_reviews_total{${labels.replace('dry_run="false"', 'dry_run="true"')},code="backup-required"}`,
    'walguard_admission_refused_total{status="400"}',
  ];
  const read = () => Promise.all(series.map((each) => readMetric(webhook.metrics, each)));
  const before = await read();
  await webhook.review('/validate', buildWorkload());
  await webhook.review('/validate', buildWorkload());
  readAnswer(await webhook.ask('/validate', { ...REVIEW, request: { ...REVIEW.request, dryRun: true } }));
  await webhook.ask('/validate', '{');
  assert.deepEqual(
    (await read()).map((value, index) => value - (before[index] ?? 0)),
    [2, 2, 1, 1],
  );
  assert.match(
    (await webhook.ask('/metrics')).text,
    /^walguard_admission_review_duration_seconds_bucket\{le="0\.0005"/m,
  );
});

test('what a stranger sends as an operation is no label of its own', async () => {
  await webhook.ask('/validate', { ...REVIEW, request: { ...REVIEW.request, operation: 'x'.repeat(1000) } });
  assert.doesNotMatch(await webhook.metrics.render(), /xxx/);
});

test('every review is one line in the log: what, who, verdict, how long; nothing of the object', async () => {
  webhook.lines.length = 0;
  const secret = buildWorkload({ container: { env: [{ name: 'POSTGRES_PASSWORD', value: 'hunter2' }] } });
  await webhook.review('/validate', secret);
  assert.equal(webhook.lines.length, 1);
  const { time: _time, ms, ...line } = webhook.lines[0] ?? {};
  assert.deepEqual(line, {
    level: 30,
    room: 'test',
    webhook: 'validate',
    code: 'backup-required',
    allowed: false,
    operation: 'CREATE',
    namespace: 'shop',
    name: 'orders',
    msg: 'reviewed',
  });
  assert.ok(Number(ms) > 0);
  assert.doesNotMatch(webhook.text(), /hunter2/);
});

test('the server does not say what it is built with', async () => {
  const { port, certificate } = webhook;
  const socket = connect({ port, host: '127.0.0.1', ca: certificate.ca, servername: SERVER_NAME });
  socket.end('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  let head = '';
  for await (const chunk of socket.setEncoding('utf8')) head += chunk;
  assert.doesNotMatch(head, /x-powered-by|express|etag/i);
});

/** A source that answers when it is told to: for reviews that are under way. */
function createSlowSource(): PolicySource & { readonly go: () => void; readonly waiting: () => number } {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  return {
    go: gate.resolve,
    waiting: () => waiting,
    list: () => [],
    find: async () => {
      waiting++;
      await gate.promise;
      return [];
    },
  };
}

test('more reviews at once than are taken on: 429 with Retry-After, and afterwards as before', async (context) => {
  const policies = createSlowSource();
  const busy = await startWebhook({ context: { policies }, limits: { reviews: 2 } });
  context.after(busy.close);
  const first = [1, 2].map(() => busy.review('/mutate', named()));
  await until('two reviews are under way', () => policies.waiting() === 2);
  assert.equal(await readMetric(busy.metrics, 'walguard_admission_in_flight'), 2);
  const { status, headers } = await busy.ask('/mutate', buildReview(named()));
  assert.deepEqual([status, headers['retry-after']], [429, '1']);
  assert.equal((await busy.ask('/healthz')).status, 200, 'the kubelet still gets its answer');
  policies.go();
  for (const { allowed } of await Promise.all(first)) assert.equal(allowed, true);
  assert.equal((await busy.review('/mutate', named())).allowed, true);
  assert.equal(await readMetric(busy.metrics, 'walguard_admission_shed_total'), 1);
  assert.equal(await readMetric(busy.metrics, 'walguard_admission_in_flight'), 0);
});

test('more bytes at once than are held: 429, and what is answered makes room', async (context) => {
  const policies = createSlowSource();
  const busy = await startWebhook({ context: { policies }, limits: { bytes: 100_000 } });
  context.after(busy.close);
  const big = named();
  big.metadata.annotations = { ...big.metadata.annotations, big: 'x'.repeat(90_000) };
  const first = busy.review('/mutate', big);
  await until('it is under way', () => policies.waiting() === 1);
  assert.equal((await busy.ask('/mutate', buildReview(big))).status, 429);
  assert.equal((await busy.ask('/validate', buildReview(buildWorkload()))).status, 200, 'a small one finds room');
  policies.go();
  assert.equal((await first).allowed, true);
  assert.equal((await busy.review('/mutate', big)).allowed, true);
});

test('a client that goes away in the middle of its body leaves nothing behind', async (context) => {
  const small = await startWebhook({ limits: { bytes: 100_000 } });
  context.after(small.close);
  for (let round = 0; round < 5; round++) {
    const { port, certificate } = small;
    const socket = connect({ port, host: '127.0.0.1', ca: certificate.ca, servername: SERVER_NAME });
    socket.on('error', () => undefined);
    const head = 'POST /mutate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99000\r\n\r\n';
    socket.write(`${head}${'x'.repeat(80_000)}`);
    await until('it is being received', () => small.load.idleMs() === 0);
    socket.destroy();
    await until('it is over', () => small.load.idleMs() > 0);
  }
  const big = named();
  big.metadata.annotations = { ...big.metadata.annotations, big: 'x'.repeat(90_000) };
  assert.equal((await small.review('/mutate', big)).allowed, true);
});

test('while the replica drains each answer closes its connection', async (context) => {
  const leaving = await startWebhook({ context: { isDraining: () => true } });
  context.after(leaving.close);
  assert.equal((await leaving.ask('/validate', REVIEW)).headers.connection, 'close');
  assert.equal((await leaving.ask('/nowhere', REVIEW)).headers.connection, 'close');
});
