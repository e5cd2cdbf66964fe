// Two controllers that look after the certificate at the same time, on a real API server: one CA, and no writing to and fro.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { RENEW_ANNOTATION } from '../../src/api/names.ts';
import { ensureCertificates } from '../../src/controller/certificates.ts';
import { createKube, type Kube, loadKubeConfig } from '../../src/kube/client.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { DAY_MS } from '../../src/tools/mint-certificate.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { type ApiCalls, createApiCalls } from '../support/api-calls.ts';
import { helm, kubectl, type Live } from '../support/cluster-client.ts';
import { SYSTEM_NAMESPACE } from '../support/install.ts';

const root = dirname(dirname(import.meta.dirname));
const silent = createLogger('test', { write: () => undefined });
const OPTIONS = { namespace: SYSTEM_NAMESPACE, secret: 'tls', service: 'walguard-webhook', configuration: 'walguard' };
const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: SYSTEM_NAMESPACE } };
const CONFIGURATIONS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map((kind) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name: 'walguard' },
}));
const ROUNDS = 100;

let cluster: Cluster;
let kube: Kube;
let configurations: string;
let calls: ApiCalls;

before(async () => {
  cluster = await up({ apiOnly: true });
  kube = createKube(loadKubeConfig({ kubeconfig: cluster.kubeconfig }));
  calls = createApiCalls(cluster.kubeconfig, 2);
  await kubectl(cluster, ['create', 'namespace', SYSTEM_NAMESPACE]);
  const template = ['template', 'walguard', join(root, 'chart'), '-n', SYSTEM_NAMESPACE];
  configurations = await helm(cluster, [...template, '-s', 'templates/webhook-configurations.yaml']);
});

after(() => {
  calls?.close();
  return down({ apiOnly: true });
});

beforeEach(async () => {
  await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'delete', 'secret', 'tls', '--ignore-not-found']);
  await kubectl(cluster, ['delete', '-f', '-', '--ignore-not-found'], configurations);
  await kubectl(cluster, ['apply', '--server-side', '--field-manager=helm', '-f', '-'], configurations);
});

/** Random, but the same at each run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The API as a controller sees it whose line has a mood: each call waits for a while, each write that succeeds is noted. */
function disturb(random: () => number, written: KubeObject[]): Kube {
  const pause = () => sleep(random() < 0.3 ? 0 : random() * 5);
  const noted = async <T>(object: KubeObject, write: () => Promise<T>) => {
    await pause();
    const answer = await write();
    written.push(object);
    await pause();
    return answer;
  };
  return {
    ...kube,
    get: async (ref) => {
      await pause();
      return kube.get(ref) as never;
    },
    create: (object) => noted(object, () => kube.create(object)),
    replace: (object) => noted(object, () => kube.replace(object)),
    apply: (object) => noted(object, () => kube.apply(object)),
  };
}

async function readSecret(): Promise<Live> {
  return kube.get<Live>(SECRET);
}

const decode = (base64 = '') => Buffer.from(base64, 'base64').toString('utf8');

/** What both configurations hold, which must be one bundle. */
async function readBundle(): Promise<string> {
  const live = (await Promise.all(CONFIGURATIONS.map((ref) => kube.get<Live>(ref)))) as Live[];
  const bundles = live.flatMap(({ webhooks }) =>
    webhooks.map(({ clientConfig }: Live) => decode(clientConfig.caBundle)),
  );
  assert.equal(new Set(bundles).size, 1, bundles.join('\n---\n'));
  return bundles[0];
}

async function readVersions(): Promise<string[]> {
  const live = (await Promise.all([SECRET, ...CONFIGURATIONS].map((ref) => kube.get<Live>(ref)))) as Live[];
  return live.map(({ metadata }) => metadata.resourceVersion);
}

type Change = 'none' | 'leaf' | 'ca' | 'damaged' | 'unpublished' | 'deleted';
const CHANGES: readonly Change[] = ['none', 'leaf', 'ca', 'damaged', 'unpublished', 'deleted'];

/** What happens to the cluster before both controllers look. */
async function change(what: Change): Promise<void> {
  if (what === 'none') return;
  if (what === 'deleted') {
    await calls.call('DELETE', `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets/tls`);
    return;
  }
  if (what === 'unpublished') {
    const [ref] = CONFIGURATIONS;
    const live = await kube.get<Live>(ref as never);
    const webhooks = live.webhooks.map((each: Live) => ({
      ...each,
      clientConfig: { service: each.clientConfig.service },
    }));
    await kube.replace({ ...live, webhooks });
    return;
  }
  const secret = await readSecret();
  const annotations = what === 'damaged' ? {} : { [RENEW_ANNOTATION]: what };
  const data = what === 'damaged' ? { ...secret.data, 'tls.key': '' } : secret.data;
  await kube.replace({ ...secret, metadata: { ...secret.metadata, annotations }, data });
}

/** How often the Secret is written for it, and whether the CA is another one afterwards. */
const EXPECTED: Readonly<Record<Change, readonly [writes: number, isOtherCa: boolean]>> = {
  none: [0, false],
  leaf: [1, false],
  ca: [1, true],
  damaged: [1, false],
  unpublished: [0, false],
  deleted: [1, true],
};

test(`in ${ROUNDS} rounds of random interleaving two controllers make one CA, and write what one alone would write`, async () => {
  const random = createRandom(5);
  const written: KubeObject[] = [];
  const controllers = [disturb(random, written), disturb(random, written)];
  const ensure = (each: Kube, overlapMs: number) =>
    ensureCertificates(each, { ...OPTIONS, overlapMs }, silent, new Date());
  await Promise.all(controllers.map((each) => ensure(each, 0)));
  assert.deepEqual(written.map(({ kind }) => kind).sort(), [...CONFIGURATIONS, SECRET].map(({ kind }) => kind).sort());
  for (let round = 0; round < ROUNDS; round++) {
    const what = CHANGES[Math.floor(random() * CHANGES.length)] ?? 'none';
    const overlapMs = random() < 0.5 ? 0 : DAY_MS;
    const before = decode((await readSecret()).data['ca.crt']);
    await change(what);
    written.length = 0;
    await Promise.all(
      controllers.flatMap((each) => [
        ensure(each, overlapMs),
        sleep(random() * 20).then(() => ensure(each, overlapMs)),
      ]),
    );
    const secret = await readSecret();
    const ca = decode(secret.data['ca.crt']);
    const [writes, isOtherCa] = EXPECTED[what];
    const label = `round ${round}: ${what}, overlap ${overlapMs} ms`;
    assert.equal(written.filter(({ kind }) => kind === 'Secret').length, writes, label);
    assert.equal(ca !== before, isOtherCa, label);
    assert.equal(secret.metadata.annotations?.[RENEW_ANNOTATION], undefined, label);
    assert.ok(new X509Certificate(decode(secret.data['tls.crt'])).verify(new X509Certificate(ca).publicKey), label);
    // At most the new bundle, and with no overlap the same without the older ones.
    for (const { kind } of CONFIGURATIONS) {
      const published = written.filter((each) => each.kind === kind).map(({ webhooks }) => JSON.stringify(webhooks));
      assert.ok(
        new Set(published).size === published.length && published.length <= 2,
        `${label}: ${published.length} writes`,
      );
    }
    await ensure(kube, overlapMs);
    const bundle = await readBundle();
    if (overlapMs === 0) assert.equal(bundle, ca, label);
    else assert.ok(bundle.includes(ca) && bundle.includes(before), label);
    const versions = await readVersions();
    await ensure(kube, overlapMs);
    assert.deepEqual(await readVersions(), versions, `${label}: settled`);
  }
});

test('a bundle that trusts the newer CA is never taken back, whoever writes when', async () => {
  const random = createRandom(7);
  const controllers = [disturb(random, []), disturb(random, [])];
  const authorities: string[] = [];
  const seen = new Map<string, string[]>(CONFIGURATIONS.map(({ kind }) => [kind, []]));
  const stop = new AbortController();
  for (const ref of CONFIGURATIONS) {
    kube.watch(
      ref,
      (object) => {
        const { webhooks = [] } = (object ?? {}) as Live;
        const bundle = decode(webhooks[0]?.clientConfig.caBundle);
        if (bundle) seen.get(ref.kind)?.push(bundle);
      },
      stop.signal,
    );
  }
  const ensureAll = () =>
    Promise.all(controllers.map((each) => ensureCertificates(each, { ...OPTIONS, overlapMs: 0 }, silent, new Date())));
  const noteAuthority = async () => authorities.push(decode((await readSecret()).data['ca.crt']));
  await ensureAll();
  await noteAuthority();
  for (let rotation = 1; rotation <= 40; rotation++) {
    await change('ca');
    await ensureAll();
    await noteAuthority();
  }
  stop.abort();
  for (const [kind, bundles] of seen) {
    const order = bundles.map((bundle) => authorities.findLastIndex((ca) => bundle.includes(ca)));
    assert.ok(order.length >= 40 && order[0] === 0, kind);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      kind,
    );
  }
});

test('an older CA is dropped after the overlap, by the time at which the API server noted its publication', async () => {
  const ensure = (overlapMs: number, now = new Date()) =>
    ensureCertificates(kube, { ...OPTIONS, overlapMs }, silent, now);
  await ensure(DAY_MS);
  const old = decode((await readSecret()).data['ca.crt']);
  await change('ca');
  await ensure(DAY_MS);
  const renewed = decode((await readSecret()).data['ca.crt']);
  assert.equal(await readBundle(), `${renewed}\n${old}`);
  await ensure(DAY_MS, new Date(Date.now() + DAY_MS - 60_000));
  assert.equal(await readBundle(), `${renewed}\n${old}`);
  await ensure(DAY_MS, new Date(Date.now() + DAY_MS + 60_000));
  assert.equal(await readBundle(), renewed);
});
