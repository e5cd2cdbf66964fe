// The controller is killed at each of its writes, once before and once after the API server has carried it out, and started
// anew: the same objects are there in the end, none twice, none lost.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import type { FaultyApi } from '../support/faulty-api.ts';
import { settle, startCluster, startController, writesOf } from '../support/managed.ts';
import { until } from '../support/processes.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import { buildPod, STORAGE_PREFIX, SYSTEM_IDENTIFIER } from '../support/world.ts';

/** What was known of the database before: a Restore can begin at once. */
function buildKnown(): KubeObject {
  const instance = { pod: 'orders-0', storagePrefix: STORAGE_PREFIX, clusterId: SYSTEM_IDENTIFIER };
  const conditions = ['Protected', 'ContinuousArchiving', 'LastBackupSucceeded'].map((type) => {
    const lastTransitionTime = '2026-11-21T09:00:00.000Z';
    return { type, status: 'Unknown', reason: 'NotAsked', message: '', lastTransitionTime };
  });
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'ProtectedDatabase',
    metadata: { name: 'orders', namespace: 'shop' },
    status: { policy: 'standard', conditions, instances: [instance] },
  };
}

const start = (context: TestContext) => startCluster(context, buildKnown(), buildRestoreOf('orders'));

/** All but what differs from one run to the next: versions and times. Events by what they say. */
function describe(api: FaultyApi): string[] {
  return api
    .objects()
    .map((object) => {
      const { kind, metadata, ...rest } = object;
      if (kind === 'Event') return `Event ${rest.reason}: ${rest.note}`;
      const { resourceVersion: _version, uid: _uid, creationTimestamp: _time, generation: _number, ...kept } = metadata;
      return JSON.stringify({ kind, metadata: kept, ...rest });
    })
    .map((text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'some time'))
    .map((text) => text.replace(/"r\d{14}"/g, '"of some time"'))
    .sort();
}

test('killed at any write, the controller ends at the same objects', async (context) => {
  const undisturbed = await start(context);
  const first = startController(context, undisturbed);
  await settle(undisturbed, 5);
  await first.kill();
  const count = writesOf(undisturbed).length;
  const expected = describe(undisturbed);
  assert.ok(count >= 8, `only ${count} writes`);
  for (const kind of ['"CronJob"', '"Service"', '"Job"', '"PersistentVolumeClaim"', 'Event Restore']) {
    assert.ok(
      expected.some((text) => text.includes(kind)),
      `there is no ${kind}`,
    );
  }
  context.diagnostic(`${count} writes, killed before and after each of them`);

  const cases = (['reset', 'answer-lost'] as const).flatMap((fault) =>
    Array.from({ length: count }, (_each, at) => ({ fault, at: at + 1 })),
  );
  // Mostly they wait.
  const workers = Array.from({ length: 5 }, async () => {
    for (let each = cases.pop(); each; each = cases.pop()) await killAt(context, each, expected);
  });
  await Promise.all(workers);
});

interface Case {
  readonly fault: 'reset' | 'answer-lost';
  /** Number of the write, from 1. */
  readonly at: number;
}

async function killAt(context: TestContext, { fault, at }: Case, expected: readonly string[]): Promise<void> {
  const api = await start(context);
  const killed = startController(context, api);
  let writes = 0;
  let isKilled = false;
  api.setFault(({ isWrite }) => {
    if (!isWrite || isKilled || ++writes < at) return undefined;
    isKilled = true;
    void killed.kill();
    return { kind: fault };
  });
  await until(`write ${at}`, () => isKilled, 10_000);
  await killed.kill();
  api.setFault(undefined);
  const next = startController(context, api);
  await settle(api, at, 1000);
  await next.kill();
  const found = describe(api);
  const missesFrom = (texts: readonly string[]) => (text: string) => !text.startsWith('Event') && !texts.includes(text);
  const difference = { found: found.filter(missesFrom(expected)), expected: expected.filter(missesFrom(found)) };
  assert.deepEqual(difference, { found: [], expected: [] }, `${fault} at write ${at}: ${JSON.stringify(difference)}`);
  const events = found.filter((text) => text.startsWith('Event'));
  assert.equal(new Set(events).size, events.length, `${fault} at write ${at}: ${events.join('; ')}`);
}

test('what is as it should be is not written again: not with time, not by the next leader', async (context) => {
  const api = await start(context);
  const first = startController(context, api);
  await settle(api, 8);
  await first.kill();
  const before = writesOf(api).length;
  const next = startController(context, api);
  api.put({ ...buildPod('orders-0'), metadata: { ...labelled(), annotations: { seen: 'yes' } } });
  await settle(api, 0, 1500);
  assert.deepEqual(
    writesOf(api)
      .slice(before)
      .map(({ method, path }) => `${method} ${path}`),
    [],
  );
  await next.kill();
});

function labelled(): KubeObject['metadata'] {
  return { ...buildPod().metadata, labels: { 'statefulset.kubernetes.io/pod-name': 'orders-0' } };
}

test("a companion that somebody edits is put right, and a user's own label on it stays", async (context) => {
  const api = await start(context);
  startController(context, api);
  await settle(api, 8);
  const find = () => api.objects().find(({ kind }) => kind === 'CronJob') ?? assert.fail();
  const { metadata, spec, ...rest } = find();
  const labels = { ...metadata.labels, team: 'blue' };
  api.put({ ...rest, metadata: { ...metadata, labels }, spec: { ...(spec as object), schedule: '5 5 * * *' } });
  await until('the schedule', () => (find().spec as { schedule: string }).schedule !== '5 5 * * *', 5000);
  assert.equal(find().metadata.labels?.team, 'blue');
});

test('one object that the API server refuses does not stop the others', async (context) => {
  const api = await start(context);
  api.setFault(({ isWrite, path }) =>
    isWrite && path.includes('/cronjobs/') ? { kind: 'status', status: 403 } : undefined,
  );
  startController(context, api);
  const has = (kind: string) => api.objects().some((each) => each.kind === kind);
  await until('the others', () => has('Service') && has('Job'), 5000);
  assert.equal(has('CronJob'), false);
  api.setFault(undefined);
  await until('the CronJob', () => has('CronJob'), 10_000);
});
