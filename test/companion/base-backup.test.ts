import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PodSpec } from '../../src/api/kubernetes.ts';
import {
  buildBaseBackupCronJob,
  buildCatchUpJob,
  buildFirstBaseBackupJob,
  buildRebaseJob,
} from '../../src/companion/base-backup.ts';
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

/** What the one container is told, in place of references a word. */
function envOf(spec: JobSpec): Record<string, string> {
  const env = spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, value ?? JSON.stringify(valueFrom)]));
}

function withBaseBackup(changes: Partial<typeof SETTINGS.baseBackup>): typeof SETTINGS {
  return { ...SETTINGS, baseBackup: { ...SETTINGS.baseBackup, ...changes } };
}

test('the first job does what the scheduled ones do, without their delay', () => {
  const job = buildFirstBaseBackupJob(buildSubject(buildWorkload()), INSTANCE, '7710449571138806556');
  const scheduled = structuredClone(cronJob().spec.jobTemplate.spec);
  const [container] = scheduled.template.spec.containers;
  assert.ok(container?.env);
  container.env = container.env.filter(({ name }) => name !== 'WALGUARD_DELAY_SECONDS');
  assert.deepEqual(job.spec, scheduled);
});

test('a Job that is made for one primary does not leave its turn to a standby', () => {
  const subject = buildSubject(buildWorkload(), withBaseBackup({ from: 'standby' }));
  const jobs = [
    buildFirstBaseBackupJob(subject, INSTANCE, '42'),
    buildRebaseJob(subject, INSTANCE, 'a gap'),
    buildCatchUpJob(subject, INSTANCE, 'a run that failed'),
  ];
  for (const job of jobs) assert.equal(envOf(job.spec as JobSpec).WALGUARD_FROM, 'primary');
  assert.equal(new Set(jobs.map(({ metadata }) => metadata.name)).size, 3);
  assert.deepEqual(
    jobs.map(({ spec }) => envOf(spec as JobSpec).WALGUARD_FULL),
    [undefined, 'true', undefined],
  );
});

test('the same gap never makes a second Job', () => {
  const name = (cause: string) => buildRebaseJob(buildSubject(buildWorkload()), INSTANCE, cause).metadata.name;
  assert.equal(name('42/2026-11-21'), name('42/2026-11-21'));
  assert.notEqual(name('42/2026-11-21'), name('42/2026-11-22'));
});

test('a period without a moment gets one of its own, the same for all pods of a StatefulSet', () => {
  const of = (name: string, pod: Instance) => {
    const workload = buildWorkload();
    workload.metadata.name = name;
    return buildBaseBackupCronJob(buildSubject(workload, withBaseBackup({ schedule: '@daily' })), pod, false)
      .spec as CronJobSpec;
  };
  const [first, second] = [of('orders', INSTANCE), of('orders', { ...INSTANCE, pod: 'orders-1', ordinal: 1 })];
  assert.match(first.schedule, /^\d+ \d+ \* \* \*$/);
  assert.equal(first.schedule, second.schedule);
  assert.equal(
    envOf(first.jobTemplate.spec).WALGUARD_DELAY_SECONDS,
    envOf(second.jobTemplate.spec).WALGUARD_DELAY_SECONDS,
  );
  assert.notEqual(first.schedule, of('bills', INSTANCE).schedule);
});

test('kubectl create job --from takes the template as it is: nothing in it hangs on the schedule', () => {
  const templates = ['17 2 * * *', '@weekly', '0 * * * *'].map(
    (schedule) => cronJob(withBaseBackup({ schedule, timeZone: 'Europe/Berlin' })).spec.jobTemplate,
  );
  assert.deepEqual(templates[1], templates[0]);
  assert.deepEqual(templates[2], templates[0]);
  // Kubernetes labels the pod with the name of whichever Job it is; only a scheduled one waits.
  assert.match(
    envOf((templates[0] as CronJobSpec['jobTemplate']).spec).WALGUARD_JOB ?? '',
    /batch.kubernetes.io\/job-name/,
  );
});

/** Method of the policy, access modes of the claim's template, and what comes of it. */
const METHODS = [
  ['node', ['ReadWriteOnce'], 'node'],
  ['node', ['ReadWriteOncePod'], 'sidecar'],
  ['node', undefined, 'node'],
  ['sidecar', ['ReadWriteOnce'], 'sidecar'],
  ['remote', ['ReadWriteOncePod'], 'remote'],
] as const;

for (const [wanted, accessModes, method] of METHODS) {
  test(`method ${wanted} with a claim of ${accessModes ?? 'unknown access'}: ${method}`, () => {
    const workload = buildWorkload();
    for (const template of workload.spec.volumeClaimTemplates ?? []) {
      if (accessModes) template.spec.accessModes = [...accessModes];
      else delete template.spec.accessModes;
    }
    const { template } = cronJob(withBaseBackup({ method: wanted, deltaSteps: 3 }), false, workload).spec.jobTemplate
      .spec;
    const claims = template.spec.volumes?.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim ?? []);
    assert.deepEqual(claims?.length, method === 'node' ? 1 : 0);
    assert.equal('affinity' in template.spec, method === 'node');
    const env = envOf({ template } as JobSpec);
    assert.deepEqual([env.WALGUARD_METHOD, env.WALGUARD_DELTA_STEPS], [method, method === 'remote' ? '0' : '3']);
  });
}

test('of several pods each knows all, to find out whose turn it is', () => {
  const workload = buildWorkload();
  assert.equal(envOf(cronJob().spec.jobTemplate.spec).WALGUARD_MEMBERS, undefined);
  workload.spec.replicas = 3;
  const env = envOf(cronJob(withBaseBackup({ from: 'standby' }), false, workload).spec.jobTemplate.spec);
  assert.equal(env.WALGUARD_MEMBERS, 'orders-0-walguard,orders-1-walguard,orders-2-walguard');
  assert.equal(env.WALGUARD_FROM, 'standby');
});

test('the Pushgateway of the policy is passed on', () => {
  const pushgateway = { url: 'http://pushgateway:9091', metric: 'last_backup' };
  const env = envOf(cronJob({ ...SETTINGS, pushgateway }).spec.jobTemplate.spec);
  assert.deepEqual(
    [env.WALGUARD_PUSHGATEWAY_URL, env.WALGUARD_PUSHGATEWAY_METRIC, env.WALGUARD_INSTANCE],
    ['http://pushgateway:9091', 'last_backup', 'orders-0'],
  );
});

test('placed like the database, but never in the place of another', () => {
  const workload = buildWorkload();
  const placement = {
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'database', operator: 'Exists' }],
    imagePullSecrets: [{ name: 'registry' }],
    runtimeClassName: 'gvisor',
  };
  Object.assign(workload.spec.template.spec, placement, { priorityClassName: 'vital', serviceAccountName: 'orders' });
  const { spec } = cronJob(SETTINGS, false, workload).spec.jobTemplate.spec.template;
  const { nodeSelector, tolerations, imagePullSecrets, runtimeClassName } = spec;
  assert.deepEqual({ nodeSelector, tolerations, imagePullSecrets, runtimeClassName }, placement);
  assert.deepEqual([spec.priorityClassName, spec.serviceAccountName], [undefined, undefined]);
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
