import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec, StatefulSet } from '../../src/api/kubernetes.ts';
import {
  buildRestoreClaim,
  buildRestoredStatefulSet,
  buildRestoreJob,
  restoreClaimName,
} from '../../src/companion/restore.ts';
import { CASES } from '../support/cases.ts';
import { buildRestoreOf, buildSubject, TARGET_TIME } from '../support/subjects.ts';
import { buildWorkload } from '../support/workloads.ts';

const restore = buildRestoreOf();

function restored(workload: StatefulSet): StatefulSet {
  return buildRestoredStatefulSet(workload, buildSubject(workload), restore);
}

function claimVolume(): StatefulSet {
  return CASES['claim-volume']?.() ?? assert.fail();
}

test('the claim is named as the new StatefulSet will look for it', () => {
  assert.equal(restoreClaimName(buildSubject(buildWorkload()), restore), 'data-orders-before-0');
  assert.equal(restoreClaimName(buildSubject(claimVolume()), restore), 'orders-before-data');
});

test("the claim asks for what the source's has, but for its own volume and without its contents", () => {
  const source = {
    metadata: { name: 'data', labels: { app: 'orders' } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '2Gi' } },
      volumeName: 'pv-of-the-source',
      dataSource: { kind: 'VolumeSnapshot', name: 's' },
      dataSourceRef: { kind: 'VolumeSnapshot', name: 's' },
      futureField: 1,
    },
  };
  const claim = buildRestoreClaim(buildSubject(buildWorkload()), restore, source);
  assert.deepEqual(claim.spec, {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'fast',
    resources: { requests: { storage: '2Gi' } },
    futureField: 1,
  });
  assert.equal(claim.metadata.ownerReferences, undefined, 'the data outlive the Restore');
  assert.equal(claim.metadata.labels?.app, undefined);
});

const BEGUN = '2026-11-21T09:41:00.123Z';

test('the job knows source, target and how to reach the source; it tries once', () => {
  const job = buildRestoreJob(buildSubject(buildWorkload()), restore, 's3://b/prefix', 'orders-0', BEGUN);
  const { backoffLimit, template } = job.spec as { backoffLimit: number; template: { spec: PodSpec } };
  const env = new Map(template.spec.containers[0]?.env?.map(({ name, value }) => [name, value]));
  assert.equal(env.get('WALGUARD_SOURCE_PREFIX'), 's3://b/prefix');
  assert.equal(env.get('WALGUARD_TARGET'), JSON.stringify({ time: TARGET_TIME }));
  assert.equal(env.get('WALGUARD_RESTORE'), 'undo');
  assert.equal(env.get('WALGUARD_INCARNATION'), 'r20261121094100');
  assert.equal(env.get('WALGUARD_DESTINATION'), 'orders-before');
  assert.equal(env.get('WALGUARD_PGHOST'), 'orders-0-walguard');
  assert.equal(backoffLimit, 0);
});

test('the job goes with its Restore, the data do not', () => {
  const subject = buildSubject(buildWorkload());
  const job = buildRestoreJob(subject, restore, 's3://b/prefix', 'orders-0', BEGUN);
  assert.deepEqual(job.metadata.ownerReferences, [
    { apiVersion: 'walguard.dev/v1alpha1', kind: 'Restore', name: 'undo', uid: 'uid-of-undo' },
  ]);
  assert.equal(buildRestoredStatefulSet(subject.workload, subject, restore).metadata.ownerReferences, undefined);
});

test("the job writes to the new claim, never to the source's", () => {
  for (const workload of [buildWorkload(), claimVolume()]) {
    const subject = buildSubject(workload);
    const job = buildRestoreJob(subject, restore, 's3://b/prefix', 'orders-0', BEGUN);
    const { volumes } = (job.spec as { template: { spec: PodSpec } }).template.spec;
    const claims = volumes?.flatMap(({ persistentVolumeClaim }) =>
      persistentVolumeClaim ? [persistentVolumeClaim] : [],
    );
    assert.deepEqual(claims, [{ claimName: restoreClaimName(subject, restore) }]);
  }
});

test("a new volume is writable for the database's group: the pod's own, or the image's", () => {
  const groupOf = (workload: StatefulSet) => {
    const job = buildRestoreJob(buildSubject(workload), restore, 's3://b/p', 'orders-0', BEGUN);
    return (job.spec as { template: { spec: PodSpec } }).template.spec.securityContext?.fsGroup;
  };
  assert.equal(groupOf(buildWorkload()), 999);
  assert.equal(groupOf(CASES['alpine-run-as-user']?.() ?? assert.fail()), 1003);
});

test('the restored StatefulSet mounts the restored claim and keeps its other volumes', () => {
  const { volumes } = restored(claimVolume()).spec.template.spec;
  assert.deepEqual(volumes, [{ name: 'files', persistentVolumeClaim: { claimName: 'orders-before-data' } }]);
});

test('its one pod is number 0, whatever the source counts from', () => {
  const workload = buildWorkload();
  workload.spec.ordinals = { start: 5 };
  workload.spec.replicas = 3;
  const { spec } = restored(workload);
  assert.equal(spec.ordinals, undefined);
  assert.equal(spec.replicas, 1);
});

test('annotations and unknown fields of the source stay; on the template too', () => {
  const workload = buildWorkload({ policy: 'standard' });
  workload.spec.template.metadata = { labels: { app: 'orders' }, annotations: { scrape: 'true' } };
  workload.spec.futureField = 1;
  const result = restored(workload);
  assert.equal(result.spec.futureField, 1);
  assert.deepEqual(result.spec.template.metadata?.annotations, { scrape: 'true' });
  assert.equal(result.metadata.annotations?.['walguard.dev/policy'], 'standard');
  assert.equal(result.metadata.annotations?.['walguard.dev/restored-by'], 'uid-of-undo');
});
