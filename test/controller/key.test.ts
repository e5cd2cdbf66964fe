import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import { listConcerned, parseKey } from '../../src/controller/key.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import { buildDatabase, buildJob, buildPod, POLICY } from '../support/world.ts';

const restore = buildRestoreOf('orders');
const NEIGHBOURS = { restores: [restore], statefulSets: [buildDatabase()] };
const { source, destination } = restore.spec;
const RESTORE_KEY = `restore/shop/${restore.metadata.name}`;

function service(labels: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'shop', labels } };
}

function drill(companion: string): KubeObject {
  const labels = { [LABEL.companion]: companion, [LABEL.database]: 'orders', [LABEL.databaseNamespace]: 'bank' };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'shop', labels } };
}

const other = { ...POLICY, metadata: { name: 'other' } };
const ROWS: readonly (readonly [what: string, object: KubeObject, keys: readonly string[]])[] = [
  ['a StatefulSet', buildDatabase(), ['database/shop/orders', RESTORE_KEY]],
  ['a policy', POLICY as object as KubeObject, ['database/shop/orders']],
  ['a policy that nobody names', other as object as KubeObject, []],
  ['a Restore', restore, [RESTORE_KEY, `database/shop/${source.database}`, `database/shop/${destination.statefulSet}`]],
  ['a companion', service({ [LABEL.database]: 'orders' }), ['database/shop/orders']],
  [
    'a job of a Restore',
    service({ [LABEL.database]: 'b', [LABEL.restore]: 'r' }),
    ['database/shop/b', 'restore/shop/r'],
  ],
  ['a drill that runs elsewhere', drill('drill'), ['database/bank/orders']],
  ['what says so and is no drill', drill('verify'), ['database/shop/orders']],
  ["somebody else's", service({}), []],
  ['a job without labels of a database', buildJob('j'), []],
  ['a database pod', buildPod(), ['database/shop/orders', RESTORE_KEY]],
];

for (const [what, object, keys] of ROWS) {
  test(`${what} concerns ${keys.join(', ') || 'nobody'}`, () => {
    assert.deepEqual(listConcerned(object, NEIGHBOURS), keys);
  });
}

test('keys are read back', () => {
  assert.deepEqual(parseKey('restore/shop/undo'), { kind: 'restore', namespace: 'shop', name: 'undo' });
  assert.deepEqual(parseKey('database/shop/orders'), { kind: 'database', namespace: 'shop', name: 'orders' });
});
