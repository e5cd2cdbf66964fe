// A repository volume that could not be made in one go, on an API server that refuses a step.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { inject } from '../../src/inject/inject.ts';
import { strip } from '../../src/inject/strip.ts';
import { resolveSettings } from '../../src/policy/settings.ts';
import { type ApiRequest, type FaultyApi, startFaultyApi } from '../support/faulty-api.ts';
import { settle, startController } from '../support/managed.ts';
import { until } from '../support/processes.ts';
import { IMAGE } from '../support/workloads.ts';
import { buildDatabase, buildPod, buildSidecarStatus, POLICY } from '../support/world.ts';

const NAME = 'orders-repository';
const VOLUME = { ...POLICY, spec: { storage: { volume: { size: '20Gi' } } } };

async function startCluster(context: TestContext): Promise<FaultyApi> {
  const injection = inject(strip(buildDatabase()), resolveSettings('standard', VOLUME.spec), IMAGE);
  assert.ok(injection.kind === 'injected');
  const pod = buildPod();
  pod.metadata.labels = { 'statefulset.kubernetes.io/pod-name': 'orders-0' };
  return startFaultyApi(context, injection.workload, VOLUME as object as KubeObject, pod);
}

const madeOf = (api: FaultyApi) =>
  api
    .objects()
    .filter(({ metadata }) => metadata.name === NAME)
    .map(({ kind }) => kind)
    .sort();

const ALL = ['PersistentVolumeClaim', 'Secret', 'Service', 'StatefulSet'];

// What is refused, such as by a quota, and what is there until it is not any more.
const REFUSED: readonly (readonly [what: string, of: (request: ApiRequest) => boolean, before: string[]])[] = [
  ['Secret', ({ path }) => path.endsWith('/secrets'), []],
  ['claim', ({ path }) => path.endsWith('/persistentvolumeclaims'), ['Secret']],
  ['server', ({ path }) => path.endsWith('/statefulsets'), ['PersistentVolumeClaim', 'Secret']],
];

for (const [what, isRefused, before] of REFUSED) {
  test(`a repository whose ${what} was refused is made whole later; the database's other companions do not wait`, async (context) => {
    const api = await startCluster(context);
    api.setFault((request) =>
      request.method === 'POST' && isRefused(request) ? { kind: 'status', status: 403 } : undefined,
    );
    startController(context, api, buildSidecarStatus(), undefined, { copyStorageSecret: true });
    await until('the others', () => api.objects().some(({ kind }) => kind === 'CronJob'), 5000);
    await settle(api, 1, 300);
    assert.deepEqual(madeOf(api), before);
    api.setFault(undefined);
    await until('all of it', () => madeOf(api).length === ALL.length, 15_000);
    assert.deepEqual(madeOf(api), ALL);
  });
}

test('where walguard may make no Secrets, the rest is made, and the Secret is left to a person', async (context) => {
  const api = await startCluster(context);
  api.setFault(({ isWrite, path }) =>
    isWrite && path.includes('/secrets') ? { kind: 'status', status: 403 } : undefined,
  );
  startController(context, api, buildSidecarStatus(), undefined, { copyStorageSecret: false });
  await until('the Service', () => madeOf(api).includes('Service'), 5000);
  assert.deepEqual(
    madeOf(api),
    ALL.filter((kind) => kind !== 'Secret'),
  );
});
