import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../../src/agent/base-backup-options.ts';
import type { Job, KubeObject } from '../../src/api/kubernetes.ts';
import { buildBaseBackupCronJob } from '../../src/companion/base-backup.ts';
import { buildSubject } from '../support/subjects.ts';
import { buildWorkload, SETTINGS } from '../support/workloads.ts';

test('a job that an older walguard made takes a full base backup of the primary, on its node, at once', () => {
  assert.deepEqual(readOptions({ WALGUARD_TIMEOUT_SECONDS: '3540' }), {
    method: 'node',
    from: 'primary',
    deltaSteps: 0,
    isFull: false,
    members: [],
    turnSeconds: 120,
    instance: '',
    job: '',
    delaySeconds: 0,
    timeoutSeconds: 3540,
  });
});

function envOf(object: KubeObject): NodeJS.ProcessEnv {
  const { jobTemplate } = object.spec as {
    jobTemplate: Job & { spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } } };
  };
  const [container] = jobTemplate.spec.template.spec.containers;
  return Object.fromEntries((container?.env ?? []).map(({ name, value = 'from the pod' }) => [name, value]));
}

test('what the builder writes is what the job reads', () => {
  const workload = buildWorkload();
  workload.spec.replicas = 2;
  const settings = {
    ...SETTINGS,
    baseBackup: { ...SETTINGS.baseBackup, method: 'sidecar', from: 'standby', deltaSteps: 6 } as const,
    pushgateway: { url: 'http://pushgateway:9091', metric: 'last_backup' },
  };
  const instance = { pod: 'orders-1', ordinal: 1, claim: 'data-orders-1' };
  const { delaySeconds, ...options } = readOptions(
    envOf(buildBaseBackupCronJob(buildSubject(workload, settings), instance, false)),
  );
  assert.ok(delaySeconds >= 0 && delaySeconds < 60);
  assert.deepEqual(options, {
    method: 'sidecar',
    from: 'standby',
    deltaSteps: 6,
    isFull: false,
    members: ['orders-0-walguard', 'orders-1-walguard'],
    turnSeconds: 120,
    instance: 'orders-1',
    job: 'from the pod',
    timeoutSeconds: settings.baseBackup.timeoutSeconds - 60,
    pushgateway: settings.pushgateway,
  });
});
