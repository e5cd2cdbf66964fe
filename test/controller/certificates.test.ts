import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { RENEW_ANNOTATION } from '../../src/api/names.ts';
import { ensureCertificates, keepCertificates } from '../../src/controller/certificates.ts';
import type { Kube } from '../../src/kube/client.ts';
import { mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { until } from '../support/processes.ts';
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

function run(kube: Kube, now = START, more: { mint?: boolean; overlapMs?: number } = {}): Promise<void> {
  return ensureCertificates(kube, { ...OPTIONS, ...more }, createRecordedLog().log, now);
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

function decode(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString();
}

/** The bundle of each webhook of both, decoded. */
function bundles(kube: FakeKube): string[] {
  const configurations = kube.objects.filter(({ kind }) => kind.endsWith('Configuration')) as Configuration[];
  const all = configurations.flatMap(({ webhooks }) => webhooks);
  return all.map(({ clientConfig }) => decode(clientConfig.caBundle));
}

/** What the one bundle of all webhooks is made of. */
function bundle(kube: FakeKube): string {
  const [first = '', ...others] = bundles(kube);
  for (const other of others) assert.equal(other, first);
  return first;
}

test('a CA at two thirds of its life is replaced; the old one stays trusted for a day, until every replica has the new leaf', async () => {
  const kube = cluster();
  await run(kube);
  const before = pem(kube, 'ca.crt');
  await run(kube, after(2433));
  assert.equal(pem(kube, 'ca.crt'), before);
  await run(kube, after(2434));
  const renewed = pem(kube, 'ca.crt');
  assert.notEqual(renewed, before);
  assert.ok(certificate(kube, 'tls.crt').verify(certificate(kube, 'ca.crt').publicKey));
  assert.equal(bundle(kube), `${renewed}\n${before}`);
  kube.writes.length = 0;
  await run(kube, after(2434.9));
  assert.deepEqual(kube.writes, []);
  await run(kube, after(2435));
  assert.equal(bundle(kube), renewed);
});

test('two CAs of ours never bear the same name: OpenSSL would pick the wrong one out of a bundle', async () => {
  const kube = cluster();
  await run(kube);
  const { subject } = certificate(kube, 'ca.crt');
  await run(kube, after(3000));
  assert.notEqual(certificate(kube, 'ca.crt').subject, subject);
});

test('the old CA stays for the overlap after it was published, not after the leaf was made, where that is later', async () => {
  const kube = cluster();
  await run(kube);
  const before = pem(kube, 'ca.crt');
  const [mutating] = structuredClone(kube.objects);
  await run(kube, after(2434));
  const renewed = pem(kube, 'ca.crt');
  // As after a controller that ended between the two writes, and came back ten days later.
  kube.objects[0] = mutating as KubeObject;
  await run(kube, after(2444));
  assert.equal(bundles(kube)[0], `${renewed}\n${before}`);
  const entry = { manager: 'walguard', operation: 'Apply', time: after(2444).toISOString() };
  find(kube, 'MutatingWebhookConfiguration').metadata.managedFields = [{ ...entry, manager: 'helm', time: '' }, entry];
  await run(kube, after(2444.9));
  assert.equal(bundles(kube)[0], `${renewed}\n${before}`);
  await run(kube, after(2445));
  assert.equal(bundles(kube)[0], renewed);
});

test('the annotation renews the leaf or the CA once, and goes with it', async () => {
  const kube = cluster();
  await run(kube);
  for (const what of ['leaf', 'ca'] as const) {
    const before = { ca: pem(kube, 'ca.crt'), leaf: pem(kube, 'tls.crt') };
    find(kube, 'Secret').metadata.annotations = { [RENEW_ANNOTATION]: what, mine: 'stays' };
    await run(kube);
    assert.deepEqual(find(kube, 'Secret').metadata.annotations, { mine: 'stays' });
    assert.notEqual(pem(kube, 'tls.crt'), before.leaf);
    assert.equal(pem(kube, 'ca.crt') === before.ca, what === 'leaf');
    assert.ok(bundle(kube).includes(before.ca));
    kube.writes.length = 0;
    await run(kube);
    assert.deepEqual(kube.writes, []);
  }
});

test('an annotation that asks for nothing we know is told of and left alone', async () => {
  const kube = cluster();
  await run(kube);
  find(kube, 'Secret').metadata.annotations = { [RENEW_ANNOTATION]: 'all' };
  kube.writes.length = 0;
  const { log, lines } = createRecordedLog();
  await ensureCertificates(kube, OPTIONS, log, START);
  assert.deepEqual(kube.writes, []);
  assert.deepEqual(
    lines.map(({ secret, seen, msg }) => [secret, seen, msg]),
    [['walguard-tls', 'all', 'the annotation walguard.dev/renew is neither "leaf" nor "ca"']],
  );
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

test('what we do not know of the Secret stays when it is written: keys, labels, its type', async () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'walguard-tls', namespace: 'walguard-system', labels: { team: 'x' } },
    type: 'Opaque',
    data: { other: 'eA==' },
  };
  const kube = cluster(secret);
  await run(kube);
  const stored = find(kube, 'Secret');
  assert.equal(stored.type, 'Opaque');
  assert.equal(stored.metadata.labels?.team, 'x');
  assert.equal((stored.data as Record<string, string>).other, 'eA==');
  assert.ok(certificate(kube, 'tls.crt'));
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

/** The kube of a controller in whose way another one gets: `act` runs just before its n-th call of that verb. */
function interrupted(
  kube: FakeKube,
  verb: 'get' | 'create' | 'replace' | 'apply',
  n: number,
  act: () => Promise<void>,
) {
  let calls = 0;
  const call = async (argument: KubeObject) => {
    if (++calls === n) await act();
    return (kube[verb] as (argument: KubeObject) => Promise<unknown>)(argument);
  };
  return { ...kube, [verb]: call } as Kube;
}

test('of two controllers that both find no Secret one makes it, and the other takes what it finds', async () => {
  const kube = cluster();
  let first = '';
  await run(
    interrupted(kube, 'create', 1, async () => {
      await run(kube);
      first = pem(kube, 'ca.crt');
    }),
  );
  assert.equal(pem(kube, 'ca.crt'), first);
  assert.equal(bundle(kube), first);
});

test('of two controllers that both were asked for a new CA one makes it', async () => {
  const kube = cluster();
  await run(kube);
  const old = pem(kube, 'ca.crt');
  find(kube, 'Secret').metadata.annotations = { [RENEW_ANNOTATION]: 'ca' };
  let first = '';
  await run(
    interrupted(kube, 'replace', 1, async () => {
      await run(kube);
      first = pem(kube, 'ca.crt');
    }),
  );
  assert.notEqual(first, old);
  assert.equal(pem(kube, 'ca.crt'), first);
  assert.equal(bundle(kube), `${first}\n${old}`);
});

// Wherever in its work the slower one stands: a bundle that trusts the new leaf is never taken back.
for (const [verb, calls] of [
  ['get', 3],
  ['apply', 2],
] as const) {
  for (let n = 1; n <= calls; n++) {
    test(`a controller that was overtaken before its ${verb} ${n} does not take the other one's CA away`, async () => {
      const kube = cluster();
      await run(kube);
      // Long ago, so that nothing keeps the other one's CA but what is read of it.
      const now = after(40);
      const configurations = kube.objects.filter(({ kind }) => kind !== 'Secret') as Configuration[];
      // Without something to repair it would not come to a write.
      if (verb === 'apply') for (const { webhooks } of configurations) damage(webhooks);
      const overtake = async () => {
        find(kube, 'Secret').metadata.annotations = { [RENEW_ANNOTATION]: 'ca' };
        await run(kube, now);
        kube.writes.length = 0;
      };
      await run(interrupted(kube, verb, n, overtake), now);
      const written = kube.writes.flatMap(({ object }) => (object as Configuration).webhooks ?? []);
      for (const { clientConfig } of written) assert.ok(decode(clientConfig.caBundle).includes(pem(kube, 'ca.crt')));
      for (const each of bundles(kube)) assert.ok(each.includes(pem(kube, 'ca.crt')));
    });
  }
}

function damage(webhooks: Configuration['webhooks']): void {
  for (const { clientConfig } of webhooks) clientConfig.caBundle = 'eA==';
}

async function ownSecret(entries: Record<string, string>): Promise<KubeObject> {
  const data = Object.entries(entries).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  const metadata = { name: 'walguard-tls', namespace: 'walguard-system' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data: Object.fromEntries(data) };
}

test('of a Secret that is not ours only the CA is published; nothing of it is ever written', async () => {
  const ca = await mintAuthority(START);
  const leaf = await mintServing(ca, ['other.example.com'], START);
  const entries = { 'ca.crt': `# ours\n${ca.cert}\n`, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
  const kube = cluster(await ownSecret(entries));
  find(kube, 'Secret').metadata.annotations = { [RENEW_ANNOTATION]: 'ca' };
  for (const now of [START, after(89), after(99)]) await run(kube, now, { mint: false });
  assert.equal(bundle(kube), ca.cert);
  assert.deepEqual([...new Set(kube.writes.map(({ verb, object }) => `${verb} ${object.kind}`))].sort(), [
    'apply MutatingWebhookConfiguration',
    'apply ValidatingWebhookConfiguration',
  ]);
});

test('a new CA in a Secret that is not ours is trusted beside the old one for the overlap', async () => {
  const [old, next] = [await mintAuthority(START), await mintAuthority(START)];
  const kube = cluster(await ownSecret({ 'ca.crt': old.cert, 'tls.crt': (await mintServing(old, ['a'], START)).cert }));
  await run(kube, START, { mint: false });
  const renewed = await ownSecret({ 'ca.crt': next.cert, 'tls.crt': (await mintServing(next, ['a'], after(30))).cert });
  Object.assign(find(kube, 'Secret'), renewed);
  await run(kube, after(30), { mint: false, overlapMs: 3 * DAY_MS });
  assert.equal(bundle(kube), `${next.cert}\n${old.cert}`);
  await run(kube, after(32.9), { mint: false, overlapMs: 3 * DAY_MS });
  assert.equal(bundle(kube), `${next.cert}\n${old.cert}`);
  await run(kube, after(33), { mint: false, overlapMs: 3 * DAY_MS });
  assert.equal(bundle(kube), next.cert);
});

test('without a ca.crt the end of the chain in tls.crt is trusted, which may be the leaf itself', async () => {
  const ca = await mintAuthority(START);
  const leaf = await mintServing(ca, ['a'], START);
  for (const [chain, expected] of [
    [[leaf.cert, ca.cert], ca.cert],
    [[leaf.cert], leaf.cert],
  ] as const) {
    const kube = cluster(await ownSecret({ 'tls.crt': chain.join('\n') }));
    await run(kube, START, { mint: false });
    assert.equal(bundle(kube), expected);
  }
});

test('a Secret that is not ours and is missing or empty is an error that says what to put there', async () => {
  await assert.rejects(
    run(cluster(), START, { mint: false }),
    /Secret walguard-system\/walguard-tls is not there; create it with tls.crt, tls.key and ca.crt/,
  );
  await assert.rejects(
    run(cluster(await ownSecret({ 'ca.crt': 'no pem', 'tls.crt': '' })), START, { mint: false }),
    /Secret walguard-system\/walguard-tls has no certificate in ca.crt or tls.crt; put them there, as PEM/,
  );
});

test('while one configuration is missing the other one is served all the same', async () => {
  const kube = createFakeKube(configuration('ValidatingWebhookConfiguration', 'a.walguard.dev'));
  await assert.rejects(run(kube), /MutatingWebhookConfiguration\/walguard is not there/);
  assert.equal(bundle(kube), pem(kube, 'ca.crt'));
});

test('conflicts without end are an error', async () => {
  const kube = cluster();
  const busy = {
    ...kube,
    create: () => kube.replace({ ...find(kube, 'MutatingWebhookConfiguration'), metadata: { resourceVersion: '0' } }),
  };
  await assert.rejects(run(busy as never), /has been modified/);
});

test('the loop looks when one of the three objects has changed, not when a watch tells of one anew', async () => {
  const kube = cluster();
  const watched = new Map<string, (object?: KubeObject) => void>();
  let looks = 0;
  const counted: Kube = {
    ...kube,
    get: (ref) => {
      if (ref.kind === 'Secret') looks++;
      return kube.get(ref);
    },
    watch: ({ kind, metadata }, onChange) => void watched.set(`${kind}/${metadata?.name}`, onChange),
  };
  const stop = new AbortController();
  const ended = keepCertificates(counted, OPTIONS, createRecordedLog().log, stop.signal);
  await until('the first look', () => bundles(kube).every((each) => each !== ''));
  assert.deepEqual(
    [...watched.keys()],
    ['Secret/walguard-tls', 'MutatingWebhookConfiguration/walguard', 'ValidatingWebhookConfiguration/walguard'],
  );
  const tell = watched.get('Secret/walguard-tls') ?? assert.fail();
  tell({ ...find(kube, 'Secret'), metadata: { resourceVersion: '70' } });
  await until('a look at the change', () => looks === 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  tell({ ...find(kube, 'Secret'), metadata: { resourceVersion: '70' } });
  tell();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(looks, 2);
  stop.abort();
  await ended;
});

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
