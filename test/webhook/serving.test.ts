// Which certificate the server serves, and whether the replica is ready, while files and configurations change.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AdmissionMetrics, createAdmissionMetrics } from '../../src/telemetry/admission-metrics.ts';
import { readCertificate } from '../../src/webhook/certificate-files.ts';
import { contextOf } from '../../src/webhook/https.ts';
import { createServing, type Serving } from '../../src/webhook/serving.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';
import { askHttps, type Minted, mintCertificate, SERVER_NAME } from '../support/tls.ts';
import { readMetric } from '../support/webhook.ts';

const DAY_MS = 86_400_000;
const service = { name: 'webhook', namespace: 'walguard-system' };

interface Stage {
  readonly kube: FakeKube;
  readonly serving: Serving;
  readonly metrics: AdmissionMetrics;
  readonly directory: string;
  readonly messages: () => unknown[];
  readonly put: (certificate: Minted) => Promise<void>;
  /** Both configurations trust these. */
  readonly trust: (...authorities: Minted[]) => void;
  /** Whether a client that trusts just that authority gets through. */
  readonly serves: (certificate: Minted) => Promise<boolean>;
}

async function set(context: TestContext, first: Minted): Promise<Stage> {
  const directory = await makeTempDir(context);
  const put = async ({ cert, key }: Minted) => {
    await writeFile(join(directory, 'tls.crt'), cert);
    await writeFile(join(directory, 'tls.key'), key);
  };
  await put(first);
  const kube = createFakeKube();
  const server = await listen(context, first);
  const metrics = createAdmissionMetrics();
  const { log, lines } = createRecordedLog();
  const options = { kube, log, metrics, directory, configuration: 'walguard' };
  const serving = createServing(server, await readCertificate(directory), options);
  const { port } = server.address() as AddressInfo;
  return {
    kube,
    serving,
    metrics,
    directory,
    put,
    messages: () => lines.map(({ msg }) => msg),
    trust: (...authorities) => {
      const caBundle = Buffer.from(authorities.map(({ ca }) => ca).join('')).toString('base64');
      kube.objects.length = 0;
      for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
        const webhooks = [{ name: 'a', clientConfig: { caBundle, service } }];
        kube.objects.push({
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind,
          metadata: { name: 'walguard' },
          webhooks,
        });
      }
    },
    serves: ({ ca }) =>
      askHttps(port, ca, '/').then(
        () => true,
        () => false,
      ),
  };
}

async function listen(context: TestContext, pair: Minted): Promise<Server> {
  const server = createServer(contextOf(pair), (_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

const mint = () => mintCertificate();
/** It ended ten days ago. */
const mintEnded = () => mintCertificate([SERVER_NAME], new Date(Date.now() - 100 * DAY_MS));

test('not ready until both configurations were read and trust it; a ca.crt is not asked for', async (context) => {
  const certificate = await mint();
  const { serving, trust, kube } = await set(context, certificate);
  assert.match(serving.explain() ?? '', /not read yet/);
  await serving.look();
  assert.match(serving.explain() ?? '', /MutatingWebhookConfiguration\/walguard is not there/);
  trust(certificate);
  const [, validating] = kube.objects.splice(1, 1);
  await serving.look();
  assert.match(serving.explain() ?? '', /ValidatingWebhookConfiguration\/walguard is not there/);
  assert.equal(validating, undefined);
  trust(certificate);
  await serving.look();
  assert.equal(serving.explain(), undefined);
});

test('a bundle that holds another authority too, as while they are rotated, is as good', async (context) => {
  const [certificate, other] = await Promise.all([mint(), mint()]);
  const { serving, trust } = await set(context, certificate);
  trust(other, certificate);
  await serving.look();
  assert.equal(serving.explain(), undefined);
});

test('configurations that trust it no more make it unready: other replicas may have a better certificate', async (context) => {
  const [certificate, other] = await Promise.all([mint(), mint()]);
  const { serving, trust } = await set(context, certificate);
  trust(certificate);
  await serving.look();
  trust(other);
  await serving.look();
  assert.match(serving.explain() ?? '', /does not trust this replica's certificate yet/);
});

// | new certificate is trusted | the present one has ended | taken up |
for (const [trusted, ended, taken] of [
  [true, false, true],
  [true, true, true],
  [false, false, false],
  [false, true, true],
] as const) {
  test(`a new certificate, ${trusted ? '' : 'not '}trusted, the present one ${ended ? 'ended' : 'good'}: ${taken ? '' : 'not '}taken up`, async (context) => {
    const [present, next] = await Promise.all([ended ? mintEnded() : mint(), mint()]);
    const { serving, put, trust, serves, metrics } = await set(context, present);
    trust(present, ...(trusted ? [next] : []));
    await put(next);
    await serving.look();
    assert.equal(await serves(next), taken);
    const expected = taken ? next : present;
    assert.equal(
      await readMetric(metrics, 'walguard_cert_expiry_timestamp_seconds'),
      expected.expiresAt.getTime() / 1000,
    );
    assert.equal(serving.explain() === undefined, trusted || !ended);
  });
}

test('a certificate that has to wait is taken up as soon as it is trusted', async (context) => {
  const [present, next] = await Promise.all([mint(), mint()]);
  const { serving, put, trust, serves } = await set(context, present);
  trust(present);
  await put(next);
  await serving.look();
  assert.equal(serving.explain(), undefined, 'ready with the present one');
  trust(present, next);
  await serving.look();
  assert.equal(await serves(next), true);
  assert.equal(serving.explain(), undefined);
});

test('files that are half swapped, empty or gone change nothing, and the next look goes on', async (context) => {
  const [present, next] = await Promise.all([mint(), mint()]);
  const { serving, directory, put, trust, serves, messages } = await set(context, present);
  trust(present, next);
  await writeFile(join(directory, 'tls.crt'), next.cert);
  await serving.look();
  await writeFile(join(directory, 'tls.crt'), '');
  await serving.look();
  assert.equal(messages().filter((each) => String(each).includes('could not be read')).length, 2);
  assert.equal(serving.explain(), undefined);
  assert.equal(await serves(present), true);
  await put(next);
  await serving.look();
  assert.equal(await serves(next), true);
});

test('an API server that is away changes nothing', async (context) => {
  const [certificate, next] = await Promise.all([mint(), mint()]);
  const { serving, kube, put, trust, serves } = await set(context, certificate);
  trust(certificate, next);
  await serving.look();
  kube.failWith(new Error('connection refused'));
  await put(next);
  await serving.look();
  assert.equal(serving.explain(), undefined);
  assert.equal(await serves(certificate), true, 'who trusts the new one is not known');
});

test('a certificate that has ended is taken off even while the API server is away, and said', async (context) => {
  const [ended, next] = await Promise.all([mintEnded(), mint()]);
  const { serving, kube, put, serves } = await set(context, ended);
  assert.match(serving.explain() ?? '', /^the serving certificate ended at 20/);
  kube.failWith(new Error('connection refused'));
  await put(next);
  await serving.look();
  assert.equal(await serves(next), true);
});

test('a directory without a pair is an error that says which file', async (context) => {
  const [one, other] = await Promise.all([mint(), mint()]);
  const directory = await makeTempDir(context);
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await assert.rejects(readCertificate(directory), /ENOENT.*tls\.(crt|key)/);
  await write('tls.crt', 'x');
  await write('tls.key', one.key);
  await assert.rejects(readCertificate(directory), /tls\.crt: no certificate in PEM$/);
  await write('tls.crt', one.cert);
  await write('tls.key', 'x');
  await assert.rejects(readCertificate(directory), /tls\.key: no private key in PEM$/);
  await write('tls.key', other.key);
  await assert.rejects(readCertificate(directory), /tls\.key is not the key of tls\.crt$/);
  await write('tls.key', one.key);
  assert.equal((await readCertificate(directory)).expiresAt.getTime(), one.expiresAt.getTime());
});
