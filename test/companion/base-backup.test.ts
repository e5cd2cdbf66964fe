import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PodSpec } from '../../src/api/kubernetes.ts';
import { buildBaseBackupCronJob, buildFirstBaseBackupJob } from '../../src/companion/base-backup.ts';
import { type Instance, listInstances } from '../../src/companion/instance.ts';
import { buildSubject } from '../support/subjects.ts';
import { buildWorkload, SETTINGS } from '../support/workloads.ts';

interface JobSpec {
  readonly activeDeadlineSeconds: number;
  readonly backoffLimit: number;
  readonly template: { readonly spec: PodSpec };
}
interface CronJobSpec {
  readonly schedule: string;
  readonly timeZone: string;
  readonly concurrencyPolicy: string;
  readonly suspend: boolean;
  readonly startingDeadlineSeconds: number;
  readonly jobTemplate: { readonly spec: JobSpec };
}

const INSTANCE: Instance = { pod: 'orders-0', ordinal: 0, claim: 'data-orders-0' };

function cronJob(
  settings = SETTINGS,
  suspend = false,
  workload = buildWorkload(),
): { object: KubeObject; spec: CronJobSpec } {
  const object = buildBaseBackupCronJob(buildSubject(workload, settings), INSTANCE, suspend);
  return { object, spec: object.spec as CronJobSpec };
}

test('the schedule and its time zone are those of the policy', () => {
  const { spec } = cronJob({
    ...SETTINGS,
    baseBackup: { ...SETTINGS.baseBackup, schedule: '0 4 * * 0', timeZone: 'Europe/Berlin' },
  });
  assert.deepEqual([spec.schedule, spec.timeZone], ['0 4 * * 0', 'Europe/Berlin']);
});

test('two base backups of a database never run at once, and missed ones do not come in a storm', () => {
  const { spec } = cronJob();
  assert.equal(spec.concurrencyPolicy, 'Forbid');
  assert.ok(spec.startingDeadlineSeconds <= 3600);
});

test("the job must run on the database pod's node", () => {
  const { affinity } = cronJob().spec.jobTemplate.spec.template.spec as { affinity?: unknown };
  assert.deepEqual(affinity, {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: { matchLabels: { 'statefulset.kubernetes.io/pod-name': 'orders-0' } },
          topologyKey: 'kubernetes.io/hostname',
        },
      ],
    },
  });
});

test('Postgres is reached by the Service of just that pod', () => {
  const env = cronJob().spec.jobTemplate.spec.template.spec.containers[0]?.env;
  assert.equal(env?.find(({ name }) => name === 'WALGUARD_PGHOST')?.value, 'orders-0-walguard');
});

test('the agent ends the engine before Kubernetes ends the agent, so that somebody says why', () => {
  for (const [deadline, own] of [
    [3600, 3540],
    [120, 60],
    [60, 30],
  ] as const) {
    const { spec } = cronJob({
      ...SETTINGS,
      baseBackup: { ...SETTINGS.baseBackup, timeoutSeconds: deadline },
    }).spec.jobTemplate;
    assert.equal(spec.activeDeadlineSeconds, deadline);
    const seconds = spec.template.spec.containers[0]?.env?.find(
      ({ name }) => name === 'WALGUARD_TIMEOUT_SECONDS',
    )?.value;
    assert.equal(seconds, String(own));
  }
});

test('it is suspended while the database pod is scaled away', () => {
  assert.deepEqual([cronJob(SETTINGS, true).spec.suspend, cronJob().spec.suspend], [true, false]);
});

test('it goes with the StatefulSet, once that has a uid', () => {
  assert.equal(cronJob().object.metadata.ownerReferences, undefined);
  const workload = buildWorkload();
  workload.metadata.uid = 'uid-of-orders';
  assert.deepEqual(cronJob(SETTINGS, false, workload).object.metadata.ownerReferences, [
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'orders', uid: 'uid-of-orders' },
  ]);
});

test('the first job does what the scheduled ones do', () => {
  const job = buildFirstBaseBackupJob(buildSubject(buildWorkload()), INSTANCE, '7710449571138806556');
  assert.deepEqual(job.spec, cronJob().spec.jobTemplate.spec);
});

test('each Postgres cluster that a pod ever held gets a first job of its own', () => {
  const name = (id: string) => buildFirstBaseBackupJob(buildSubject(buildWorkload()), INSTANCE, id).metadata.name;
  assert.equal(name('7710449571138806556'), name('7710449571138806556'));
  assert.notEqual(name('7710449571138806556'), name('7710449571138806557'));
});

test('pods, ordinals and claims are those that Kubernetes will make', () => {
  const workload = buildWorkload();
  workload.spec.replicas = 2;
  assert.deepEqual(listInstances(buildSubject(workload)), [
    { pod: 'orders-0', ordinal: 0, claim: 'data-orders-0' },
    { pod: 'orders-1', ordinal: 1, claim: 'data-orders-1' },
  ]);
  workload.spec.ordinals = { start: 5 };
  assert.deepEqual(
    listInstances(buildSubject(workload)).map(({ pod, claim }) => [pod, claim]),
    [
      ['orders-5', 'data-orders-5'],
      ['orders-6', 'data-orders-6'],
    ],
  );
  delete workload.spec.replicas;
  assert.equal(listInstances(buildSubject(workload)).length, 1);
});
