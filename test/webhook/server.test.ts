// The webhook as the API server sees it: real https on a free port, with the certificate that the controller mints.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { KubeError } from '../../src/kube/client.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { readCertificate, reloadCertificate, type ServingCertificate } from '../../src/webhook/certificate-files.ts';
import type { AdmissionResponse } from '../../src/webhook/review.ts';
import { buildApp, createHttpsServer } from '../../src/webhook/server.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { injected } from '../support/injected.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { applyAnswer, buildReview } from '../support/reviews.ts';
import { makeTempDir } from '../support/temp.ts';
import { type Answer, askHttps, mintCertificate, SERVER_NAME } from '../support/tls.ts';
import { buildWorkload, IMAGE } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const kube = createFakeKube(POLICY as unknown as KubeObject);
const { log, lines, text: logged } = createRecordedLog();
const metrics = createMetrics();
let notReady: string | undefined;
let certificate: ServingCertificate;
let server: Server;
let port: number;

before(async () => {
  certificate = await mintCertificate();
  const app = buildApp({ kube, log, metrics, image: IMAGE, notReady: () => notReady });
  server = createHttpsServer(app, certificate).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(() => {
  server.close();
  server.closeAllConnections();
});

const ask = (path: string, body?: unknown): Promise<Answer> =>
  askHttps(
    port,
    certificate.ca,
    path,
    body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  );

async function review(path: string, object: unknown, old: unknown = null): Promise<AdmissionResponse> {
  const { status, text } = await ask(path, buildReview(object, old));
  assert.equal(status, 200, text);
  const body = JSON.parse(text) as { apiVersion: string; kind: string; response: AdmissionResponse };
  assert.deepEqual([body.apiVersion, body.kind], ['admission.k8s.io/v1', 'AdmissionReview']);
  assert.equal(body.response.uid, 'review-1');
  return body.response;
}

const named = (): StatefulSet => buildWorkload({ policy: 'standard' });

test('/mutate answers with a patch that gives exactly the injected object', async () => {
  const response = await review('/mutate', named());
  const settings = {
    prefix: 's3://backups',
    region: 'us-east-1',
    forcePathStyle: false,
    credentialsSecret: 'walguard-storage',
  };
  const expected = injected(named(), {
    policy: 'standard',
    storage: settings,
    archiveTimeoutSeconds: 60,
    compression: 'lz4',
    schedule: '17 2 * * *',
    timeZone: 'Etc/UTC',
    baseBackupTimeoutSeconds: 21_600,
  });
  assert.deepEqual(applyAnswer(named(), response), expected);
});

test('/mutate sends the injection that is stored, byte for byte, when nothing of the template changed', async () => {
  const old = injected(named(), undefined, 'example.test/walguard:0');
  const response = await review('/mutate', { ...named(), spec: { ...named().spec, replicas: 2 } }, old);
  const sent = { ...named(), spec: { ...named().spec, replicas: 2 } };
  assert.equal(JSON.stringify(applyAnswer(sent, response).spec.template), JSON.stringify(old.spec.template));
});

test('/mutate says which policies there are when the named one does not exist', async () => {
  const response = await review('/mutate', buildWorkload({ policy: 'gold' }));
  assert.equal(response.patch, undefined);
  assert.match(
    response.warnings?.join() ?? '',
    /policy-unknown: .*"gold", which does not exist\. There are: standard\./,
  );
});

test('/validate refuses a database without a policy with 403 and the message', async () => {
  const { allowed, status } = await review('/validate', buildWorkload());
  assert.equal(allowed, false);
  assert.equal(status?.code, 403);
  assert.match(status?.message ?? '', /^backup-required: .*walguard\.dev\/policy: standard/);
});

test('/validate lets in what /mutate made', async () => {
  const mutated = applyAnswer(named(), await review('/mutate', named()));
  assert.deepEqual(await review('/validate', mutated), {
    uid: 'review-1',
    allowed: true,
    auditAnnotations: { verdict: 'protected' },
  });
});

test('/validate/warn allows with a warning, /validate/audit with an audit annotation alone', async () => {
  const warned = await review('/validate/warn', buildWorkload());
  assert.deepEqual([warned.allowed, warned.warnings?.length], [true, 1]);
  const audited = await review('/validate/audit', buildWorkload());
  assert.deepEqual([audited.allowed, audited.warnings], [true, undefined]);
  assert.match(audited.auditAnnotations?.message ?? '', /backup-required/);
});

test('/validate refuses a policy that is not valid with the path of the field', async () => {
  kube.objects.push({ ...(POLICY as unknown as KubeObject), metadata: { name: 'broken' }, spec: { storage: {} } });
  const { allowed, status } = await review('/validate', buildWorkload({ policy: 'broken' }));
  assert.equal(allowed, false);
  assert.match(status?.message ?? '', /policy-invalid: BackupPolicy\/broken spec\.storage\.s3/);
});

test('an API server that cannot be asked for the policy is a reason, not a fault', async (context) => {
  kube.failWith(new KubeError(503, 'etcd is down'));
  context.after(() => kube.failWith(undefined));
  const response = await review('/mutate', named());
  assert.equal(response.allowed, true);
  assert.match(response.warnings?.join() ?? '', /policy-unreadable: .*etcd is down.*Apply again in a moment/);
});

test('a fault inside lets the user through with a warning, also under enforce', async () => {
  const broken = { metadata: { name: 'x', annotations: { 'walguard.dev/policy': 'standard' } }, spec: {} };
  for (const path of ['/mutate', '/validate', '/validate/warn', '/validate/audit']) {
    const response = await review(path, broken);
    assert.equal(response.allowed, true, path);
    assert.match(response.warnings?.join() ?? '', /^walguard: not looked at: /, path);
  }
  assert.ok(lines.some(({ msg, uid }) => msg === 'a review went wrong' && uid === 'review-1'));
});

const BAD: Readonly<Record<string, string>> = {
  'no JSON': '{"request":',
  'a text': '"review"',
  'an empty body': '',
  'no review': '{}',
  'a review without an object': '{"request":{"uid":"a"}}',
};

for (const [name, body] of Object.entries(BAD)) {
  test(`a body that is ${name} is answered with 400`, async () => {
    const { status, text } = await ask('/mutate', body);
    assert.equal(status, 400);
    assert.notEqual(text, '');
    assert.doesNotMatch(text, / {4}at /, 'no stack trace');
  });
}

test('a review of 3 MB with its old object is accepted, one beyond all bounds is not', async () => {
  const big = named();
  big.metadata.annotations = { ...big.metadata.annotations, big: 'x'.repeat(1_500_000) };
  assert.equal((await review('/mutate', big, big)).allowed, true);
  const huge = await ask('/mutate', `{"request":"${'x'.repeat(9_000_000)}"}`).catch((error: Error) => error);
  assert.ok(huge instanceof Error || huge.status === 400);
});

test('/healthz is ok; /readyz is 503 with the reason while the replica should get no reviews', async () => {
  assert.deepEqual(await ask('/healthz'), { status: 200, text: 'ok\n' });
  assert.deepEqual(await ask('/readyz'), { status: 200, text: 'ok\n' });
  notReady = 'the CA is not there yet';
  assert.deepEqual(await ask('/readyz'), { status: 503, text: 'the CA is not there yet\n' });
  assert.equal((await ask('/healthz')).status, 200, 'not ready is no reason to be restarted');
  notReady = undefined;
});

test('/metrics counts reviews by webhook, code and verdict', async () => {
  const count = async (labels: string) => {
    const { text } = await ask('/metrics');
    const line = text.split('\n').find((each) => each.startsWith(`walguard_admission_reviews_total{${labels}}`));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const refused = 'webhook="validate",code="backup-required",allowed="false"';
  const patched = 'webhook="mutate",code="patched",allowed="true"';
  const before = [await count(refused), await count(patched)] as const;
  await review('/validate', buildWorkload());
  await review('/validate', buildWorkload());
  await review('/mutate', named());
  assert.deepEqual([await count(refused), await count(patched)], [before[0] + 2, before[1] + 1]);
  assert.match((await ask('/metrics')).text, /^walguard_admission_review_duration_seconds_bucket\{/m);
});

test('every review is one line in the log: what, who, verdict; nothing of the object', async () => {
  lines.length = 0;
  const secret = buildWorkload({ container: { env: [{ name: 'POSTGRES_PASSWORD', value: 'hunter2' }] } });
  await review('/validate', secret);
  assert.equal(lines.length, 1);
  const { webhook, code, allowed, operation, namespace, name } = lines[0] ?? {};
  assert.deepEqual(
    [webhook, code, allowed, operation, namespace, name],
    ['validate', 'backup-required', false, 'CREATE', 'shop', 'orders'],
  );
  assert.doesNotMatch(logged(), /hunter2/);
});

test('the server does not say what it is built with', async () => {
  const socket = connect({ port, host: '127.0.0.1', ca: certificate.ca, servername: SERVER_NAME });
  socket.end('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  let head = '';
  for await (const chunk of socket.setEncoding('utf8')) head += chunk;
  assert.doesNotMatch(head, /x-powered-by|express|etag/i);
});

function handshake(maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ca: certificate.ca, servername: SERVER_NAME, maxVersion });
    socket.on('secureConnect', () => {
      resolve(socket.getProtocol() ?? '');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
  });
}

test('TLS 1.3 is spoken, TLS 1.2 is refused', async () => {
  assert.equal(await handshake('TLSv1.3'), 'TLSv1.3');
  assert.match(await handshake('TLSv1.2'), /protocol version/i);
});

test('a client that trusts another CA, or asks for another name, does not get through', async () => {
  const other = await mintCertificate();
  await assert.rejects(askHttps(port, other.ca, '/healthz'), /certificate/);
  const wrongName = { servername: 'webhook.elsewhere.svc' };
  await assert.rejects(askHttps(port, certificate.ca, '/healthz', undefined, wrongName), /does not match/);
});

test('a renewed certificate is taken up by the running server, and an unchanged one is left', async (context) => {
  const directory = await makeTempDir(context);
  const put = async ({ cert, key, ca }: ServingCertificate) => {
    await Promise.all([
      writeFile(join(directory, 'tls.crt'), cert),
      writeFile(join(directory, 'tls.key'), key),
      writeFile(join(directory, 'ca.crt'), ca),
    ]);
  };
  await put(certificate);
  const current = await readCertificate(directory);
  assert.equal(current.expiresAt.getTime(), certificate.expiresAt.getTime());
  assert.equal(await reloadCertificate(server, directory, current), current);
  const renewed = await mintCertificate();
  await put(renewed);
  assert.equal((await reloadCertificate(server, directory, current)).cert, renewed.cert);
  assert.equal((await askHttps(port, renewed.ca, '/healthz')).status, 200);
  await assert.rejects(askHttps(port, certificate.ca, '/healthz'), /certificate/);
  certificate = renewed;
  assert.match(await handshake('TLSv1.2'), /protocol version/i, 'the renewed context has the same floor');
});

test('a directory without all three files is an error', async (context) => {
  const directory = await makeTempDir(context);
  await assert.rejects(readCertificate(directory), /ENOENT/);
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) await writeFile(join(directory, name), '');
  await assert.rejects(readCertificate(directory), /lacks tls\.crt, tls\.key or ca\.crt/);
});
