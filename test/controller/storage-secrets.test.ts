// Which namespace gets which Secret, and that no namespace keeps another waiting.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BackupPolicy } from '../../src/api/backup-policy.ts';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { keepStorageSecrets, type StorageSecretOptions } from '../../src/controller/storage-secrets.ts';
import { KubeError } from '../../src/kube/client.ts';
import { createFakeKube, type FakeKube } from '../support/fake-kube.ts';
import { createRecordedLog, type RecordedLog } from '../support/recorded-log.ts';
import { buildWorkload } from '../support/workloads.ts';
import { POLICY } from '../support/world.ts';

const FROM = 'walguard-system';
const BUCKET = 'walguard-storage';
const KEY = 'finance-key';

/** Of pino. */
const WARN = 40;

const OPTIONS: StorageSecretOptions = {
  namespace: FROM,
  storageSecret: BUCKET,
  mintStorageSecret: false,
  copyStorageSecret: true,
  copySecrets: [KEY],
};

const FINANCE: BackupPolicy = {
  ...POLICY,
  metadata: { name: 'finance' },
  spec: { ...POLICY.spec, encryption: { method: 'libsodium', keySecret: KEY } },
};
const VOLUME: BackupPolicy = {
  ...POLICY,
  metadata: { name: 'volume' },
  spec: { storage: { volume: { size: '1Gi' } } },
};

function source(name: string, copyTo?: string): KubeObject {
  const annotations = copyTo === undefined ? {} : { 'walguard.dev/copy-to': copyTo };
  const metadata = { name, namespace: FROM, annotations, resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, data: { key: 'a2V5' } };
}

function database(namespace: string, policy: string, uid = `uid-in-${namespace}`): StatefulSet {
  const workload = buildWorkload({ policy });
  Object.assign(workload.metadata, { namespace, uid });
  return workload;
}

interface Stage {
  readonly kube: FakeKube;
  readonly recorded: RecordedLog;
  /** `namespace/name` of all copies there are, in order. */
  readonly copies: () => string[];
  /** As the caches have them. */
  readonly databases: StatefulSet[];
  /** Until everything was looked at once more. */
  readonly lookAgain: () => Promise<void>;
}

/** @param refuse what the API server answers to a copy; undefined for taking it */
function start(
  context: TestContext,
  initial: { readonly databases: readonly StatefulSet[]; readonly sources: readonly KubeObject[] },
  refuse: (copy: KubeObject) => number | undefined = () => undefined,
  options: Partial<StorageSecretOptions> = {},
): Stage {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const end = new AbortController();
  context.after(() => end.abort());
  const fake = createFakeKube(...initial.sources);
  const kube: FakeKube = {
    ...fake,
    apply: async (object) => {
      const status = refuse(object);
      if (status !== undefined) throw new KubeError(status, 'the API server refuses');
      return fake.apply(object);
    },
  };
  const databases = [...initial.databases];
  const recorded = createRecordedLog();
  const needs = {
    protectedIn: (namespace: string) => databases.filter(({ metadata }) => metadata.namespace === namespace),
    policies: () => [POLICY, FINANCE, VOLUME],
  };
  const secrets = keepStorageSecrets(kube, { ...OPTIONS, ...options }, needs, recorded.log, end.signal);
  for (const { metadata } of databases) secrets.need(metadata.namespace ?? '');
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  };
  const lookAgain = async () => {
    await settle();
    // Alarms settle first, and then a look takes its turns.
    context.mock.timers.tick(30_000);
    await settle();
    context.mock.timers.tick(1000);
    await settle();
  };
  const copies = () =>
    fake.objects
      .filter(({ metadata }) => metadata.namespace !== FROM)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort();
  return { kube, recorded, copies, databases, lookAgain };
}

// | the Secret       | a database there needs it | the source lets it go there | copied |
const ROWS: readonly (readonly [what: string, policy: string, copyTo: string | undefined, copies: string[]])[] = [
  ["the bucket's Secret needs no leave, the key does", 'finance', undefined, [`shop/${BUCKET}`]],
  ['a key that may go elsewhere only stays', 'finance', 'bank', [`shop/${BUCKET}`]],
  ['a key that may go there goes', 'finance', 'bank, shop', [`shop/${KEY}`, `shop/${BUCKET}`]],
  ['a key that may go anywhere goes where it is needed', 'finance', '*', [`shop/${KEY}`, `shop/${BUCKET}`]],
  ['a key that may go anywhere stays where nobody needs it', 'standard', '*', [`shop/${BUCKET}`]],
  ["the bucket's Secret stays where nobody needs it", 'volume', '*', []],
];

for (const [what, policy, copyTo, expected] of ROWS) {
  test(what, async (context) => {
    const sources = [source(BUCKET), source(KEY, copyTo)];
    const { copies, lookAgain } = start(context, { databases: [database('shop', policy)], sources });
    await lookAgain();
    assert.deepEqual(copies(), expected);
  });
}

test('nothing is copied onto the source itself, nor at all where the chart says so', async (context) => {
  const sources = [source(BUCKET)];
  const own = start(context, { databases: [database(FROM, 'standard')], sources });
  await own.lookAgain();
  assert.deepEqual(own.kube.writes, []);
  context.mock.timers.reset();
  const not = { copyStorageSecret: false };
  const off = start(context, { databases: [database('shop', 'standard')], sources }, undefined, not);
  await off.lookAgain();
  assert.deepEqual(off.kube.writes, []);
});

test('what may not go is said once, with the remedy, until the source lets it go', async (context) => {
  const sources = [source(BUCKET), source(KEY)];
  const stage = start(context, { databases: [database('shop', 'finance')], sources });
  await stage.lookAgain();
  await stage.lookAgain();
  const said = stage.recorded.lines.filter(({ secret }) => secret === KEY);
  assert.deepEqual(
    said.map(({ level, namespace }) => [level, namespace]),
    [[WARN, 'shop']],
  );
  assert.match(String(said[0]?.remedy), /walguard\.dev\/copy-to/);
  const { metadata, ...rest } = source(KEY, 'shop');
  await stage.kube.apply({ ...rest, metadata: { ...metadata, resourceVersion: undefined as never } });
  await stage.lookAgain();
  assert.ok(stage.copies().includes(`shop/${KEY}`));
});

test('a namespace or a Secret that is refused keeps no other waiting, and is tried again', async (context) => {
  let isHealed = false;
  // As for a Secret of that name that is immutable; 403: a namespace that is going, or is full.
  const refuse = ({ metadata }: KubeObject) => {
    if (isHealed) return undefined;
    if (metadata.namespace === 'a') return 422;
    return metadata.namespace === 'b' && metadata.name === BUCKET ? 403 : undefined;
  };
  const databases = ['a', 'b', 'c'].map((namespace) => database(namespace, 'finance'));
  const stage = start(context, { databases, sources: [source(BUCKET), source(KEY, '*')] }, refuse);
  await stage.lookAgain();
  assert.deepEqual(stage.copies(), [`b/${KEY}`, `c/${KEY}`, `c/${BUCKET}`]);
  const told = stage.recorded.lines.find(({ namespace, secret }) => namespace === 'b' && secret === BUCKET);
  assert.match(String(told?.error), /the API server refuses/);
  const before = stage.kube.writes.length;
  isHealed = true;
  await stage.lookAgain();
  assert.deepEqual(stage.copies().length, 6);
  assert.equal(stage.kube.writes.length, before + 3, 'what was done is not done again');
});

test('a namespace that was deleted and made again gets its copy at the next look', async (context) => {
  const stage = start(context, { databases: [database('shop', 'standard')], sources: [source(BUCKET)] });
  await stage.lookAgain();
  const copy = stage.kube.objects.findIndex(({ metadata }) => metadata.namespace === 'shop');
  stage.kube.objects.splice(copy, 1);
  await stage.lookAgain();
  assert.deepEqual(stage.copies(), [], 'what nobody should have touched is not asked for at each look');
  stage.databases.splice(0, 1, database('shop', 'standard', 'another'));
  await stage.lookAgain();
  assert.deepEqual(stage.copies(), [`shop/${BUCKET}`]);
});

test('the source is read once for all namespaces', async (context) => {
  const databases = ['a', 'b', 'c'].map((namespace) => database(namespace, 'standard'));
  const reads: string[] = [];
  const stage = start(context, { databases, sources: [source(BUCKET)] });
  const { get } = stage.kube;
  Object.assign(stage.kube, {
    get: ((ref: KubeObject) => {
      reads.push(`${ref.metadata.namespace}/${ref.metadata.name}`);
      return get(ref);
    }) as typeof get,
  });
  await stage.lookAgain();
  assert.deepEqual(reads.sort(), [`a/${BUCKET}`, `b/${BUCKET}`, `c/${BUCKET}`, `${FROM}/${BUCKET}`]);
});
