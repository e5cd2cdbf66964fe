// The evidence of a Restore from its end to its Event: the controller on an API server in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { RestoreEvidenceReport } from '../../src/api/reports.ts';
import type { RestoreStatus } from '../../src/api/restore.ts';
import { restoreEvidenceName } from '../../src/companion/instance.ts';
import { settle, startCluster, startController, writesOf } from '../support/managed.ts';
import { until } from '../support/processes.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import { buildEndedPod } from '../support/world.ts';

const NAME = restoreEvidenceName('undo', 'uid-of-undo');

/** It ends at once: a StatefulSet of that name is there. */
const RESTORE = buildRestoreOf('orders', 'orders') as object as KubeObject;

function endedPod(job: KubeObject, report: RestoreEvidenceReport): KubeObject {
  const pod = buildEndedPod('restore-evidence', NAME, { exitCode: 0, message: JSON.stringify(report) });
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: NAME, uid: job.metadata.uid ?? '' };
  const labels = { ...pod.metadata.labels, [LABEL.database]: 'orders', [LABEL.restore]: 'undo' };
  return { ...pod, metadata: { ...pod.metadata, labels, ownerReferences: [owner] } } as KubeObject;
}

test('its job is made at its end, its id stands in the status, and an Event tells it once', async (context) => {
  const api = await startCluster(context);
  startController(context, api);
  const find = (kind: string, name: string) =>
    api.objects().find((each) => each.kind === kind && each.metadata.name === name);
  const status = () => (find('Restore', 'undo')?.status ?? {}) as RestoreStatus;
  await settle(api);
  api.put(RESTORE);
  await until('its end', () => status().phase === 'Failed');
  await until('its job', () => find('Job', NAME) !== undefined);
  const { message } = status();
  const job = find('Job', NAME) ?? assert.fail();
  api.put(endedPod(job, { ok: true, evidence: 'id-1', doubts: ['it is not signed'] }));
  api.put({ ...job, status: { succeeded: 1 } });
  await until('its record', () => status().evidence === 'id-1');
  assert.deepEqual(
    [status().phase, status().message, status().evidenceProblem],
    ['Failed', message, 'it is not signed'],
  );
  const told = () =>
    (api.objects().filter(({ kind }) => kind === 'Event') as (KubeObject & { reason: string })[])
      .map(({ reason }) => reason)
      .filter((reason) => reason.startsWith('RestoreR') || reason.startsWith('RestoreE'))
      .sort();
  await until('its Events', () => told().length === 2);
  await settle(api);
  assert.deepEqual(told(), ['RestoreEvidenceProblem', 'RestoreRecorded']);
});

test('a Restore that is deleted right at its end is recorded all the same, and nothing is written of it any more', async (context) => {
  const api = await startCluster(context);
  startController(context, api);
  await settle(api);
  const restore = api.put(RESTORE);
  const jobs = () => api.objects().filter(({ kind }) => kind === 'Job');
  await until('its job', () => jobs().some(({ metadata }) => metadata.name === NAME));
  api.drop(restore);
  await settle(api);
  const before = writesOf(api).length;
  const job = jobs().find(({ metadata }) => metadata.name === NAME) ?? assert.fail();
  assert.equal(job.metadata.ownerReferences, undefined, 'it does not go with its Restore');
  api.put(endedPod(job, { ok: true, evidence: 'id-1', doubts: [] }));
  api.put({ ...job, status: { succeeded: 1 } });
  await settle(api, before);
  assert.equal(writesOf(api).length, before);
});
