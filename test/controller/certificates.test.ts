import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { ensureCertificates } from '../../src/controller/certificates.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { createRecordedLog } from '../support/recorded-log.ts';

const OPTIONS = {
  namespace: 'walguard-system',
  secret: 'walguard-tls',
  service: 'walguard-webhook',
  configuration: 'walguard',
};
const DAY_MS = 86_400_000;
const START = new Date('2026-11-21T10:00:00Z');
const after = (days: number) => new Date(START.getTime() + days * DAY_MS);

interface Configuration extends KubeObject {
  webhooks: { name: string; failurePolicy?: string; clientConfig: { caBundle?: string; service: object } }[];
}

function configuration(kind: string, ...names: string[]): Configuration {
  const service = { name: 'walguard-webhook', path: '/mutate' };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'walguard' },
    webhooks: names.map((name) => ({ name, failurePolicy: 'Ignore', clientConfig: { service } })),
  };
}

function cluster(...more: KubeObject[]): FakeKube {
  const mutating = configuration('MutatingWebhookConfiguration', 'mutate.walguard.dev');
  const validating = configuration('ValidatingWebhookConfiguration', 'a.walguard.dev', 'b.walguard.dev');
  return createFakeKube(mutating, validating, ...more);
}

function run(kube: FakeKube, now = START): Promise<void> {
  return ensureCertificates(kube, OPTIONS, createRecordedLog().log, now);
}

function find(kube: FakeKube, kind: string): KubeObject {
  return kube.objects.find((each) => each.kind === kind) ?? assert.fail(`no ${kind}`);
}

function pem(kube: FakeKube, key: string): string {
  const data = find(kube, 'Secret').data as Record<string, string>;
  return Buffer.from(data[key] ?? '', 'base64').toString('utf8');
}

const certificate = (kube: FakeKube, key: string) => new X509Certificate(pem(kube, key));

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256, as its bytes stand in a certificate. */
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

test('CA and leaf are elliptic-curve keys with SHA-256', async () => {
  const kube = cluster();
  await run(kube);
  for (const key of ['ca.crt', 'tls.crt']) {
    const each = certificate(kube, key);
    assert.equal(each.publicKey.asymmetricKeyType, 'ec', key);
    assert.equal(each.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1', key);
    assert.ok(each.raw.includes(ECDSA_WITH_SHA256), key);
  }
});

test('the CA is one, the leaf is none, and the leaf chains to the CA', async () => {
  const kube = cluster();
  await run(kube);
  const ca = certificate(kube, 'ca.crt');
  const leaf = certificate(kube, 'tls.crt');
  assert.equal(ca.ca, true, 'basicConstraints CA:TRUE, without which a Go client trusts nothing below it');
  assert.equal(leaf.ca, false);
  assert.ok(ca.verify(ca.publicKey));
  assert.ok(leaf.checkIssued(ca));
  assert.ok(leaf.verify(ca.publicKey));
  assert.equal(leaf.verify(leaf.publicKey), false);
});

test('the leaf is for the names by which the API server calls the Service, and for a server alone', async () => {
  const kube = cluster();
  await run(kube);
  const leaf = certificate(kube, 'tls.crt');
  assert.equal(
    leaf.subjectAltName,
    'DNS:walguard-webhook.walguard-system.svc, DNS:walguard-webhook.walguard-system.svc.cluster.local',
  );
  assert.equal(leaf.checkHost('walguard-webhook.walguard-system.svc'), 'walguard-webhook.walguard-system.svc');
  assert.equal(leaf.checkHost('walguard-webhook.other.svc'), undefined);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'serverAuth');
});

test('both keys belong to their certificates', async () => {
  const kube = cluster();
  await run(kube);
  for (const [cert, key] of [
    ['ca.crt', 'ca.key'],
    ['tls.crt', 'tls.key'],
  ] as const) {
    const derived = createPublicKey(createPrivateKey(pem(kube, key))).export({ type: 'spki', format: 'der' });
    assert.deepEqual(derived, certificate(kube, cert).publicKey.export({ type: 'spki', format: 'der' }), key);
  }
});

test('they are valid now, the leaf for some 90 days, the CA for some ten years', async () => {
  const kube = cluster();
  await run(kube);
  const daysOf = (key: string) => (certificate(kube, key).validToDate.getTime() - START.getTime()) / DAY_MS;
  assert.ok(certificate(kube, 'tls.crt').validFromDate <= START);
  assert.equal(Math.round(daysOf('tls.crt')), 90);
  assert.equal(Math.round(daysOf('ca.crt')), 3650);
});

test('the Secret is of the type that the kubelet and tools expect', async () => {
  const kube = cluster();
  await run(kube);
  const secret = find(kube, 'Secret');
  assert.equal(secret.type, 'kubernetes.io/tls');
  assert.deepEqual([secret.metadata.name, secret.metadata.namespace], ['walguard-tls', 'walguard-system']);
});

test('the CA is put into each webhook of both configurations, and nothing else of them is written', async () => {
  const kube = cluster();
  await run(kube);
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    for (const { clientConfig, failurePolicy } of (find(kube, kind) as Configuration).webhooks) {
      assert.equal(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(), pem(kube, 'ca.crt'));
      assert.ok(clientConfig.service, 'the service stays');
      assert.equal(failurePolicy, 'Ignore');
    }
  }
  const applied = kube.writes.filter(({ object }) => object.kind.endsWith('Configuration'));
  assert.equal(applied.length, 2);
  for (const { object } of applied) {
    for (const webhook of (object as Configuration).webhooks) {
      assert.deepEqual(Object.keys(webhook), ['name', 'clientConfig']);
      assert.deepEqual(Object.keys(webhook.clientConfig), ['caBundle']);
    }
  }
});

test('a second look writes nothing, nor does one on the day before renewal', async () => {
  const kube = cluster();
  await run(kube);
  kube.writes.length = 0;
  await run(kube);
  await run(kube, after(59));
  assert.deepEqual(kube.writes, []);
});

test('a leaf near its end is renewed under the same CA, and the configurations stay as they are', async () => {
  const kube = cluster();
  await run(kube);
  const before = { ca: pem(kube, 'ca.crt'), caKey: pem(kube, 'ca.key'), leaf: pem(kube, 'tls.crt') };
  kube.writes.length = 0;
  await run(kube, after(61));
  assert.deepEqual(
    kube.writes.map(({ object }) => object.kind),
    ['Secret'],
  );
  assert.deepEqual([pem(kube, 'ca.crt'), pem(kube, 'ca.key')], [before.ca, before.caKey]);
  assert.notEqual(pem(kube, 'tls.crt'), before.leaf);
  assert.ok(certificate(kube, 'tls.crt').verify(certificate(kube, 'ca.crt').publicKey));
  assert.ok(certificate(kube, 'tls.crt').validToDate > after(140));
});

test('a CA that would end before the leaf is replaced, and published anew', async () => {
  const kube = cluster();
  await run(kube);
  const before = pem(kube, 'ca.crt');
  await run(kube, after(3600));
  assert.notEqual(pem(kube, 'ca.crt'), before);
  const bundle = (find(kube, 'MutatingWebhookConfiguration') as Configuration).webhooks[0]?.clientConfig.caBundle;
  assert.equal(Buffer.from(bundle ?? '', 'base64').toString(), pem(kube, 'ca.crt'));
});

test('a configuration that lost its CA gets it back, the Secret stays', async () => {
  const kube = cluster();
  await run(kube);
  const live = find(kube, 'ValidatingWebhookConfiguration') as Configuration;
  for (const { clientConfig } of live.webhooks) clientConfig.caBundle = 'b3RoZXI=';
  kube.writes.length = 0;
  await run(kube);
  assert.deepEqual(
    kube.writes.map(({ object }) => object.kind),
    ['ValidatingWebhookConfiguration'],
  );
});

const INCOMPLETE: Readonly<Record<string, (data: Record<string, string>) => void>> = {
  'lacks its key': (data) => void delete data['tls.key'],
  "lacks the CA's key": (data) => void delete data['ca.key'],
  'is damaged': (data) => void Object.assign(data, { 'tls.crt': 'bm8gcGVt', 'ca.crt': 'bm8gcGVt' }),
  'is empty': (data) => {
    for (const key of Object.keys(data)) delete data[key];
  },
};

for (const [name, damage] of Object.entries(INCOMPLETE)) {
  test(`a Secret that ${name} is filled anew, whole and consistent`, async () => {
    const kube = cluster();
    await run(kube);
    damage(find(kube, 'Secret').data as Record<string, string>);
    await run(kube);
    assert.ok(certificate(kube, 'tls.crt').verify(certificate(kube, 'ca.crt').publicKey));
    assert.ok(pem(kube, 'tls.key') && pem(kube, 'ca.key'));
  });
}

test('a missing configuration is an error that names it', async () => {
  await assert.rejects(
    run(createFakeKube()),
    /MutatingWebhookConfiguration\/walguard is not there; the chart installs it/,
  );
});

test('no private key gets into the log', async () => {
  const { log, text } = createRecordedLog();
  await ensureCertificates(cluster(), OPTIONS, log, START);
  assert.doesNotMatch(text(), /PRIVATE KEY|BEGIN/);
});
