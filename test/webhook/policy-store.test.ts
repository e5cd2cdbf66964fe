// The policies in memory: fresh within a moment of a change, never wrong about one that is new, and there while the API
// server is not.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { API_VERSION } from '../../src/api/names.ts';
import { type Kube, KubeError } from '../../src/kube/client.ts';
import type { PlacedSettings } from '../../src/policy/place.ts';
import { createFixedSource } from '../../src/webhook/policy-source.ts';
import { createPolicyStore, type PolicyStore, type StoreTimes } from '../../src/webhook/policy-store.ts';
import { until } from '../support/processes.ts';
import { createRecordedLog } from '../support/recorded-log.ts';

const QUICK: StoreTimes = { relistMs: 60_000, retryMs: 5, settleMs: 1 };

interface Policies {
  readonly kube: Kube;
  readonly calls: string[];
  /** A new version of it. */
  readonly put: (name: string, prefix: string) => void;
  readonly remove: (name: string) => void;
  /** What the watch of a real API server does after a change; not called, it is a watch that hangs. */
  readonly notify: () => void;
  readonly failWith: (error: Error | undefined) => void;
}

function createPolicies(): Policies {
  const objects = new Map<string, KubeObject>();
  const calls: string[] = [];
  let failure: Error | undefined;
  let notify: () => void = () => undefined;
  let version = 0;
  function call<T>(what: string, value: () => T): Promise<T> {
    calls.push(what);
    return failure ? Promise.reject(failure) : Promise.resolve(structuredClone(value()));
  }
  const unused = () => Promise.reject(new Error('the webhook writes nothing'));
  return {
    calls,
    kube: {
      get: ({ metadata: { name } }) => call(`get ${name}`, () => objects.get(name ?? '')) as Promise<never>,
      list: () => call('list', () => [...objects.values()]) as Promise<never>,
      watch: (_what, onChange) => {
        notify = onChange;
      },
      create: unused,
      replace: unused,
      apply: unused,
      applyStatus: unused,
      scale: unused,
      remove: unused,
    },
    put: (name, prefix) => {
      const metadata = { name, uid: name, resourceVersion: `${++version}` };
      const storage = { s3: { prefix, credentialsSecret: 'c' } };
      objects.set(name, { apiVersion: API_VERSION, kind: 'BackupPolicy', metadata, spec: { storage } });
    },
    remove: (name) => void objects.delete(name),
    notify: () => notify(),
    failWith: (error) => {
      failure = error;
    },
  };
}

interface Running extends Policies {
  readonly store: PolicyStore;
  readonly messages: () => unknown[];
}

async function start(context: TestContext, times: Partial<StoreTimes> = {}): Promise<Running> {
  const policies = createPolicies();
  policies.put('standard', 's3://one');
  const { log, lines } = createRecordedLog();
  const store = createPolicyStore(policies.kube, log, undefined, { ...QUICK, ...times });
  const stop = new AbortController();
  const running = store.run(stop.signal);
  context.after(async () => {
    stop.abort();
    await running;
  });
  await until('the policies are listed', store.isLoaded);
  policies.calls.length = 0;
  return { ...policies, store, messages: () => lines.map(({ msg }) => msg) };
}

async function prefixOf(store: PolicyStore, name: string): Promise<string> {
  const found = await store.find(name);
  assert.ok('storage' in found && 'prefix' in found.storage, JSON.stringify(found));
  return found.storage.prefix;
}

async function codeOf(store: PolicyStore, name: string): Promise<string | undefined> {
  const found = await store.find(name);
  assert.ok(Array.isArray(found));
  return found[0]?.code;
}

test('what is known asks nobody, and is worked out once for each version', async (context) => {
  const { store, calls } = await start(context);
  const first = (await store.find('standard')) as PlacedSettings;
  assert.equal(first.storage.prefix, 's3://one');
  assert.equal(await store.find('standard'), first, 'the very same object');
  assert.deepEqual(calls, []);
});

test('a list that brings the same version keeps what was worked out, another version does not', async (context) => {
  const { store, put, notify, calls } = await start(context);
  const first = await store.find('standard');
  notify();
  await until('it is listed again', () => calls.includes('list'));
  assert.equal(await store.find('standard'), first);
  put('standard', 's3://two');
  notify();
  await until('it is listed once more', () => calls.length === 2);
  assert.equal(await prefixOf(store, 'standard'), 's3://two');
});

test('a burst of changes is one list', async (context) => {
  const { store, put, notify, calls } = await start(context, { settleMs: 50 });
  for (let round = 0; round < 100; round++) {
    put('standard', `s3://bucket-${round}`);
    notify();
  }
  await until('it is listed', () => calls.length > 0);
  assert.deepEqual(calls, ['list']);
  assert.equal(await prefixOf(store, 'standard'), 's3://bucket-99');
});

test('a watch that hangs loses nothing: the list is read again in any case', async (context) => {
  const { store, put, remove } = await start(context, { relistMs: 20 });
  put('gold', 's3://gold');
  await until('gold is listed', () => store.list().length === 2);
  remove('gold');
  await until('gold is gone', () => store.list().length === 1);
});

test('a policy that was made a moment ago is found, though no list has seen it, and then known', async (context) => {
  const { store, put, calls } = await start(context);
  put('gold', 's3://gold');
  assert.equal(await prefixOf(store, 'gold'), 's3://gold');
  assert.equal(await prefixOf(store, 'gold'), 's3://gold');
  assert.deepEqual(calls, ['get gold']);
  assert.deepEqual(
    store
      .list()
      .map(({ metadata }) => metadata.name)
      .sort(),
    ['gold', 'standard'],
  );
});

test('a name that there is not is asked for each time: it may be there the next', async (context) => {
  const { store, put } = await start(context);
  assert.equal(await codeOf(store, 'gold'), 'policy-unknown');
  put('gold', 's3://gold');
  assert.equal(await prefixOf(store, 'gold'), 's3://gold');
});

test('a policy that is deleted is unknown from the next list on', async (context) => {
  const { store, remove, notify } = await start(context);
  remove('standard');
  notify();
  await until('it is gone', () => store.list().length === 0);
  assert.equal(await codeOf(store, 'standard'), 'policy-unknown');
});

test('a policy that cannot be used is a refusal with the path of its field', async (context) => {
  const { store, put, notify, calls } = await start(context);
  put('broken', 'no bucket');
  notify();
  await until('it is listed', () => calls.length > 0);
  const found = await store.find('broken');
  assert.ok(Array.isArray(found));
  assert.match(found[0]?.field ?? '', /^BackupPolicy\/broken spec\.storage\.s3\.prefix/);
});

test('while the API server is away the last known ones serve, it is said once, and it is found again', async (context) => {
  const { store, put, notify, failWith, messages, calls } = await start(context);
  failWith(new KubeError(503, 'etcd is down'));
  notify();
  await until('it has tried some times', () => calls.length > 5);
  assert.equal(await prefixOf(store, 'standard'), 's3://one');
  assert.equal(store.isLoaded(), true);
  const said = messages().filter((each) => String(each).includes('could not be listed'));
  assert.equal(said.length, 1);
  put('standard', 's3://two');
  failWith(undefined);
  await until('it is fresh', () => JSON.stringify(store.list()).includes('s3://two'));
});

test('an unknown name while the API server is away is a reason with what it said, not "unknown"', async (context) => {
  const { store, failWith } = await start(context);
  failWith(new KubeError(503, 'etcd is down'));
  const found = await store.find('gold');
  assert.ok(Array.isArray(found));
  assert.deepEqual(
    [found[0]?.code, /etcd is down/.test(found[0]?.seen ?? ''), found[0]?.remedy],
    ['policy-unreadable', true, 'Apply again in a moment.'],
  );
});

test('before the first list each policy is asked for, and an unknown one is said with those that there are', async () => {
  const { kube, put } = createPolicies();
  put('standard', 's3://one');
  const store = createPolicyStore(kube, createRecordedLog().log, undefined, QUICK);
  assert.equal(store.isLoaded(), false);
  assert.equal(await prefixOf(store, 'standard'), 's3://one');
  const found = await store.find('gold');
  assert.ok(Array.isArray(found));
  assert.match(found[0]?.remedy ?? '', /standard/);
});

test('a first list that fails is tried again until it works', async (context) => {
  const { kube, failWith, calls } = createPolicies();
  failWith(new Error('connection refused'));
  const store = createPolicyStore(kube, createRecordedLog().log, undefined, QUICK);
  const stop = new AbortController();
  const running = store.run(stop.signal);
  context.after(() => running);
  await until('it has tried some times', () => calls.length > 3);
  assert.equal(store.isLoaded(), false);
  failWith(undefined);
  await until('it is listed', store.isLoaded);
  stop.abort();
});

test('a fixed source knows what it was given, and nothing else', async () => {
  const storage = { s3: { prefix: 's3://one', credentialsSecret: 'c' } };
  const source = createFixedSource([{ metadata: { name: 'standard' }, spec: { storage } }], undefined);
  const first = await source.find('standard');
  assert.ok('storage' in first);
  assert.equal(await source.find('standard'), first);
  const missing = await source.find('gold');
  assert.ok(Array.isArray(missing));
  assert.equal(missing[0]?.code, 'policy-unknown');
  assert.deepEqual(
    source.list().map(({ metadata }) => metadata.name),
    ['standard'],
  );
});
