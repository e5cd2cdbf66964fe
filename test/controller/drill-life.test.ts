// A drill from its policy to its Event: the controller on an API server in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import type { DrillReport } from '../../src/api/reports.ts';
import { settle, startCluster, startController, writesOf } from '../support/managed.ts';
import { until } from '../support/processes.ts';
import { buildEndedPod, POLICY, SYSTEM_IDENTIFIER } from '../support/world.ts';

const DRILLED = { ...POLICY, spec: { ...POLICY.spec, drills: [{ name: 'weekly', schedule: '0 5 * * 0' }] } };

function endedPod(): KubeObject {
  const finishedAt = new Date().toISOString();
  const drill = { name: 'weekly', finishedAt, result: 'failed' as const, message: '3 rows are missing in orders' };
  const report: DrillReport = { ok: false, drill, clusterId: SYSTEM_IDENTIFIER };
  const pod = buildEndedPod('drill', 'j', { exitCode: 1, message: JSON.stringify(report), finishedAt });
  const labels = { ...pod.metadata.labels, [LABEL.drill]: 'weekly', [LABEL.database]: 'orders' };
  return { ...pod, metadata: { ...pod.metadata, labels } };
}

test('its CronJob is made, what came of it is told once, and then nothing is written any more', async (context) => {
  const api = await startCluster(context);
  api.put(DRILLED as object as KubeObject);
  startController(context, api);
  const find = (kind: string, name: string) =>
    api.objects().find((each) => each.kind === kind && each.metadata.name === name);
  const conditionOf = (type: string) => {
    const { conditions = [] } = (find('ProtectedDatabase', 'orders')?.status ?? {}) as ProtectedDatabaseStatus;
    const found = conditions.find((each) => each.type === type);
    return found && `${found.status} ${found.reason}`;
  };
  await until('its CronJob', () => find('CronJob', 'orders-0-drill-weekly') !== undefined);
  await until('its condition', () => conditionOf('LastDrillSucceeded') === 'Unknown NoDrill');
  await settle(api, 5);
  api.put(endedPod());
  await until('what came of it', () => conditionOf('LastDrillSucceeded') === 'False DrillFailed');
  await settle(api, 5);
  const events = api.objects().filter(({ kind }) => kind === 'Event') as (KubeObject & {
    reason: string;
    note: string;
  })[];
  const told = events
    .filter(({ reason }) => reason.startsWith('Drill'))
    .map(({ reason, note }) => `${reason}: ${note}`);
  assert.ok(told.includes('DrillFailed: orders-0: drill weekly: 3 rows are missing in orders'), told.join('\n'));
  const before = writesOf(api).length;
  api.put({ ...endedPod(), metadata: { ...endedPod().metadata, name: 'older', labels: {} } });
  await settle(api, before);
  assert.equal(writesOf(api).length, before);
});

test("elsewhere: nothing without leave, then CronJob and copy, and all goes with the leave; a stranger's stays", async (context) => {
  const drills = [{ name: 'weekly', schedule: '0 5 * * 0', namespace: 'dr' }];
  const storage = { name: 'walguard-storage', namespace: 'walguard-system' };
  const labels = {
    'app.kubernetes.io/managed-by': 'walguard',
    [LABEL.companion]: 'drill',
    [LABEL.database]: 'orders',
    [LABEL.databaseNamespace]: 'shop',
    [LABEL.instance]: 'orders-0',
    [LABEL.drill]: 'weekly',
  };
  const forged = { name: 'mine', namespace: 'other', uid: 'u', labels };
  const api = await startCluster(
    context,
    namespace({}),
    { apiVersion: 'v1', kind: 'Secret', metadata: annotated(storage, 'copy-to', 'dr'), data: { a: 'YQ==' } },
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata: forged, spec: { schedule: '0 5 * * 0' } },
  );
  api.put({ ...POLICY, spec: { ...POLICY.spec, drills } } as object as KubeObject);
  const first = startController(context, api, undefined, undefined, { copyStorageSecret: true });
  const list = (kind: string, where: string) =>
    api.objects().filter((each) => each.kind === kind && each.metadata.namespace === where);
  const condition = () => {
    const [database] = list('ProtectedDatabase', 'shop');
    const { conditions = [] } = (database?.status ?? {}) as ProtectedDatabaseStatus;
    return conditions.find(({ type }) => type === 'LastDrillSucceeded')?.reason;
  };
  await until('what is missing', () => condition() === 'DrillNotAllowed');
  assert.deepEqual([list('CronJob', 'dr'), list('Secret', 'dr')], [[], []]);
  await first.kill();
  api.put(namespace({ 'walguard.dev/drills-of': 'shop' }));
  const second = startController(context, api, undefined, undefined, { copyStorageSecret: true });
  await until('its CronJob', () => list('CronJob', 'dr').length === 1);
  await until('the copy', () => list('Secret', 'dr').some(({ metadata }) => metadata.name === 'walguard-storage'));
  const copy = list('Secret', 'dr').find(({ metadata }) => metadata.name === 'walguard-storage');
  assert.deepEqual(
    copy?.metadata.ownerReferences?.map(({ name }) => name),
    list('CronJob', 'dr').map(({ metadata }) => metadata.name),
  );
  await settle(api, 5);
  await second.kill();
  // Nobody led while the database went, and all that told of it.
  for (const each of [...list('StatefulSet', 'shop'), ...list('ProtectedDatabase', 'shop')]) api.drop(each);
  startController(context, api, undefined, undefined, { copyStorageSecret: true });
  await until('its end', () => list('CronJob', 'dr').length === 0);
  await settle(api, 1);
  assert.equal(list('CronJob', 'other').length, 1);
});

function namespace(annotations: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'dr', annotations } };
}

function annotated(metadata: KubeObject['metadata'], key: string, value: string): KubeObject['metadata'] {
  return { ...metadata, annotations: { [`walguard.dev/${key}`]: value } };
}
