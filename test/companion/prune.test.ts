import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PodSpec } from '../../src/api/kubernetes.ts';
import { buildBaseBackupCronJob } from '../../src/companion/base-backup.ts';
import { baseBackupSchedule } from '../../src/companion/cron-job.ts';
import { listInstances } from '../../src/companion/instance.ts';
import { buildPruneCronJob, readPruneTerms, retentionEnv } from '../../src/companion/prune.ts';
import type { RetentionSettings } from '../../src/policy/settings.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { buildSubject } from '../support/subjects.ts';
import { buildWorkload, SETTINGS } from '../support/workloads.ts';
import { toYaml } from '../support/yaml.ts';

interface Spec {
  readonly schedule: string;
  readonly timeZone: string;
  readonly concurrencyPolicy: string;
  readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: PodSpec } } & Record<string, unknown> };
}

const RETENTION: RetentionSettings = { keepDaily: 7, minFullBackups: 2, timeZone: 'Europe/Berlin' };
const SCHEDULED = { ...RETENTION, schedule: '0 5 * * *' };

function subjectOf(retention?: RetentionSettings, settings: typeof SETTINGS = SETTINGS) {
  return buildSubject(buildWorkload(), { ...settings, ...(retention ? { retention } : {}) });
}

function build(retention = SCHEDULED): { readonly object: KubeObject; readonly spec: Spec; readonly pod: PodSpec } {
  const subject = subjectOf(retention);
  const [instance = assert.fail()] = listInstances(subject);
  const object = buildPruneCronJob(subject, instance, retention);
  const spec = object.spec as Spec;
  return { object, spec, pod: spec.jobTemplate.spec.template.spec };
}

function envOf(pod: PodSpec): Record<string, string | undefined> {
  return Object.fromEntries((pod.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
}

const golden = openGoldenFolder(import.meta.url, 'golden-prune/');

test('the CronJob is as the golden file has it', () => {
  golden.assert('cronjob.yaml', toYaml(build().object));
  golden.assertNoStale();
});

test('the schedule and its zone are those of the retention', () => {
  const { object, spec } = build();
  assert.equal(object.metadata.name, 'orders-0-prune');
  assert.deepEqual([spec.schedule, spec.timeZone, spec.concurrencyPolicy], ['0 5 * * *', 'Europe/Berlin', 'Forbid']);
});

test('a schedule that names no moment gets one', () => {
  assert.match(build({ ...SCHEDULED, schedule: '@daily' }).spec.schedule, /^\d+ \d+ \* \* \*$/);
});

test('the pod mounts no data and runs on any node, without access to the API', () => {
  const { pod } = build();
  assert.deepEqual(
    pod.volumes?.filter((volume) => volume.persistentVolumeClaim !== undefined),
    [],
  );
  assert.deepEqual(
    pod.containers[0]?.volumeMounts?.map(({ name }) => name),
    ['tmp', 'walguard-storage'],
  );
  assert.equal('affinity' in pod, false);
  assert.deepEqual(checkPodSecurity(pod as never), []);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.equal(envOf(pod).WALGUARD_PGHOST, 'orders-0-walguard');
});

test('it may wait for a base backup of any length, and ends itself before Kubernetes would', () => {
  const { spec, pod } = build();
  const { activeDeadlineSeconds } = spec.jobTemplate.spec;
  assert.equal(activeDeadlineSeconds, SETTINGS.baseBackup.timeoutSeconds + 7200);
  assert.equal(Number(envOf(pod).WALGUARD_TIMEOUT_SECONDS), Number(activeDeadlineSeconds) - 60);
});

test('it is told the rules, and when base backups are due as their CronJob has it', () => {
  const baseBackup = { ...SETTINGS.baseBackup, schedule: '@daily', deltaSteps: 3 };
  const subject = subjectOf(SCHEDULED, { ...SETTINGS, baseBackup });
  const [instance = assert.fail()] = listInstances(subject);
  const { jobTemplate } = buildPruneCronJob(subject, instance, SCHEDULED).spec as Spec;
  assert.deepEqual(readPruneTerms(envOf(jobTemplate.spec.template.spec)), {
    rules: RETENTION,
    baseBackup: { schedule: baseBackupSchedule(subject), timeZone: baseBackup.timeZone, deltaSteps: 3 },
  });
});

for (const [name, retention, isTold] of [
  ['no retention', undefined, false],
  ['a retention with a schedule of its own', SCHEDULED, false],
  ['a retention without one', RETENTION, true],
] as const) {
  test(`${name}: base-backup jobs ${isTold ? 'prune' : 'remove nothing'}`, () => {
    const subject = subjectOf(retention);
    const [instance = assert.fail()] = listInstances(subject);
    const { jobTemplate } = buildBaseBackupCronJob(subject, instance, false).spec as Spec;
    const terms = readPruneTerms(envOf(jobTemplate.spec.template.spec));
    assert.equal(terms !== undefined, isTold);
    assert.equal(retentionEnv(subject).length, isTold ? 1 : 0);
  });
}
