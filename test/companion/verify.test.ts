import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../src/api/kubernetes.ts';
import type { Instance } from '../../src/companion/instance.ts';
import { buildVerifyCronJob } from '../../src/companion/verify.ts';
import { buildSubject } from '../support/subjects.ts';
import { buildWorkload, SETTINGS } from '../support/workloads.ts';

const INSTANCE: Instance = { pod: 'orders-0', ordinal: 0, claim: 'data-orders-0' };
const VERIFY = { schedule: '7 */6 * * *', timeZone: 'Europe/Berlin' };

interface CronJobSpec {
  readonly schedule: string;
  readonly timeZone: string;
  readonly concurrencyPolicy: string;
  readonly startingDeadlineSeconds: number;
  readonly suspend: boolean;
  readonly jobTemplate: {
    readonly spec: {
      readonly backoffLimit: number;
      readonly activeDeadlineSeconds: number;
      readonly template: { readonly spec: PodSpec };
    };
  };
}

function build(settings = SETTINGS, verify = VERIFY, suspend = false) {
  const object = buildVerifyCronJob(buildSubject(buildWorkload(), settings), INSTANCE, verify, suspend);
  const spec = object.spec as CronJobSpec;
  return { object, spec, pod: spec.jobTemplate.spec.template.spec };
}

test('a verification runs when the policy says, one at a time, without a storm of missed ones', () => {
  const { spec, object } = build();
  assert.deepEqual([spec.schedule, spec.timeZone, spec.suspend], [VERIFY.schedule, VERIFY.timeZone, false]);
  assert.equal(spec.concurrencyPolicy, 'Forbid');
  assert.ok(spec.startingDeadlineSeconds <= 3600);
  assert.ok(spec.jobTemplate.spec.activeDeadlineSeconds <= 3600);
  assert.equal(object.metadata.name, 'orders-0-verify');
  assert.equal(build(SETTINGS, VERIFY, true).spec.suspend, true);
});

test('a schedule that names no moment is spread', () => {
  assert.match(build(SETTINGS, { ...VERIFY, schedule: '@hourly' }).spec.schedule, /^\d+ \* \* \* \*$/);
});

test('it has none of the data, and no place where it must run', () => {
  const { pod } = build();
  assert.deepEqual(
    pod.volumes?.filter((volume) => volume.persistentVolumeClaim !== undefined),
    [],
  );
  assert.equal(pod.affinity, undefined);
  assert.equal(
    pod.containers[0]?.volumeMounts?.some(({ name }) => name === 'data'),
    false,
  );
});

test('it asks its own pod, and is told what a clean-up may have removed', () => {
  const envOf = (settings = SETTINGS) =>
    new Map(build(settings).pod.containers[0]?.env?.map((each) => [each.name, each.value]));
  assert.equal(envOf().get('WALGUARD_PGHOST'), 'orders-0-walguard');
  assert.equal(envOf().has('WALGUARD_RETENTION_RULES'), false);
  const retention = { keepDaily: 7, minFullBackups: 2, schedule: '0 4 * * *', timeZone: 'Etc/UTC' };
  assert.deepEqual(JSON.parse(envOf({ ...SETTINGS, retention }).get('WALGUARD_RETENTION_RULES') ?? ''), {
    keepDaily: 7,
    minFullBackups: 2,
    timeZone: 'Etc/UTC',
  });
});
