import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf } from '../../src/kube/path.ts';

const ROWS: readonly (readonly [apiVersion: string, kind: string, path: string])[] = [
  ['v1', 'ConfigMap', '/api/v1/namespaces/shop/configmaps/a'],
  ['v1', 'Event', '/api/v1/namespaces/shop/events/a'],
  ['v1', 'PersistentVolumeClaim', '/api/v1/namespaces/shop/persistentvolumeclaims/a'],
  ['v1', 'Pod', '/api/v1/namespaces/shop/pods/a'],
  ['v1', 'Secret', '/api/v1/namespaces/shop/secrets/a'],
  ['v1', 'Service', '/api/v1/namespaces/shop/services/a'],
  ['apps/v1', 'StatefulSet', '/apis/apps/v1/namespaces/shop/statefulsets/a'],
  ['batch/v1', 'CronJob', '/apis/batch/v1/namespaces/shop/cronjobs/a'],
  ['batch/v1', 'Job', '/apis/batch/v1/namespaces/shop/jobs/a'],
  ['walguard.dev/v1alpha1', 'ProtectedDatabase', '/apis/walguard.dev/v1alpha1/namespaces/shop/protecteddatabases/a'],
  ['walguard.dev/v1alpha1', 'Restore', '/apis/walguard.dev/v1alpha1/namespaces/shop/restores/a'],
];

for (const [apiVersion, kind, path] of ROWS) {
  test(`path of a ${kind}`, () => {
    assert.equal(pathOf({ apiVersion, kind, metadata: { name: 'a', namespace: 'shop' } }), path);
  });
}

test('without a name it is the collection, without a namespace that of all', () => {
  const kind = { apiVersion: 'v1', kind: 'Pod' };
  assert.equal(pathOf({ ...kind, metadata: { namespace: 'shop' } }), '/api/v1/namespaces/shop/pods');
  assert.equal(pathOf({ ...kind, metadata: {} }), '/api/v1/pods');
  const policy = { apiVersion: 'walguard.dev/v1alpha1', kind: 'BackupPolicy', metadata: { name: 'standard' } };
  assert.equal(pathOf(policy), '/apis/walguard.dev/v1alpha1/backuppolicies/standard');
});

test('a name cannot lead to another path', () => {
  const metadata = { namespace: 'a/b', name: '../secrets?x' };
  assert.equal(pathOf({ apiVersion: 'v1', kind: 'Pod', metadata }), '/api/v1/namespaces/a%2Fb/pods/..%2Fsecrets%3Fx');
});

test('a kind that walguard does not use is an error', () => {
  for (const apiVersion of ['v1', 'walguard.dev/v1alpha1']) {
    assert.throws(() => pathOf({ apiVersion, kind: 'Node', metadata: {} }), /Node/);
  }
});
