import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, Pod } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { DrillResult } from '../../src/api/protected-database/drill.ts';
import type { Instance } from '../../src/api/protected-database.ts';
import type { DrillReport } from '../../src/api/reports.ts';
import { readDrills } from '../../src/controller/drills.ts';
import { buildEndedPod, buildJob, type Ending, NOW, SYSTEM_IDENTIFIER } from '../support/world.ts';

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;

function drill(minute: number, result: DrillResult['result'] = 'passed', more: Partial<DrillResult> = {}): DrillResult {
  return { name: 'weekly', finishedAt: at(minute), result, message: `it ${result}`, ...more };
}

const labels = (name: string, job: string) => ({
  [LABEL.companion]: 'drill',
  [LABEL.instance]: 'orders-0',
  [LABEL.drill]: name,
  'job-name': job,
});

function ended(job: string, ending: Ending, name = 'weekly', status: Pod['status'] = {}): Pod {
  const pod = buildEndedPod('drill', job, ending);
  return { ...pod, metadata: { ...pod.metadata, labels: labels(name, job) }, status: { ...pod.status, ...status } };
}

function reported(job: string, its: DrillResult, clusterId = SYSTEM_IDENTIFIER): Pod {
  const ok = its.result === 'passed';
  const report: DrillReport = { ok, drill: its, clusterId };
  const ending = { exitCode: ok ? 0 : 1, message: JSON.stringify(report), finishedAt: its.finishedAt };
  return ended(job, ending, its.name);
}

function waiting(job: string, made: string, status: Pod['status']): Pod {
  const metadata = { name: `${job}-x`, namespace: 'shop', creationTimestamp: made, labels: labels('weekly', job) };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status: { phase: 'Pending', ...status } };
}

function failedJob(name: string, minute: number, reason: string, message: string): Job {
  const end = { type: 'Failed', status: 'True', reason, message, lastTransitionTime: at(minute) };
  const job = buildJob(name, { conditions: [end] });
  return { ...job, metadata: { ...job.metadata, labels: labels('weekly', name) } };
}

interface Seen {
  readonly pods?: readonly Pod[];
  readonly jobs?: readonly Job[];
  readonly known?: Partial<Instance>;
  readonly drills?: readonly string[];
}

const read = ({ pods = [], jobs = [], known = {}, drills = ['weekly'] }: Seen) =>
  readDrills({ pods, jobs, now: NOW }, drills, 'orders-0', SYSTEM_IDENTIFIER, known);

const IMAGE_GONE = {
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  initContainerStatuses: [
    {
      name: 'postgres',
      restartCount: 0,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "postgres:15"' } },
    },
  ],
};
const NO_NODE = {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes have room' }],
};

/** | the job | its result |: what is seen, and `job result: message` of the last one. */
const TABLE: Readonly<Record<string, readonly [Seen, string | undefined]>> = {
  'nothing yet': [{}, undefined],
  'it passed': [{ pods: [reported('j', drill(10))] }, 'j passed: it passed'],
  'it failed': [{ pods: [reported('j', drill(10, 'failed'))] }, 'j failed: it failed'],
  'it says itself that it could not': [{ pods: [reported('j', drill(10, 'unknown'))] }, 'j unknown: it unknown'],
  'of the cluster that was here before': [{ pods: [reported('j', drill(10), '1')] }, undefined],
  'of that one, and its job failed': [
    {
      pods: [reported('j', drill(10, 'failed'), '1')],
      jobs: [failedJob('j', 10, 'BackoffLimitExceeded', 'it reached the limit')],
    },
    undefined,
  ],
  'it said why it could not': [
    {
      pods: [ended('j', { exitCode: 1, message: '{"ok":false,"message":"no credentials"}', finishedAt: at(10) })],
    },
    'j unknown: no credentials',
  ],
  'it was killed': [
    { pods: [ended('j', { exitCode: 137, reason: 'OOMKilled', finishedAt: at(10) })] },
    'j unknown: ended with code 137 (OOMKilled) and no report',
  ],
  'it was evicted': [
    {
      pods: [
        ended('j', { exitCode: 137, reason: 'Error', finishedAt: at(10) }, 'weekly', {
          reason: 'Evicted',
          message: 'The node was low on resource: ephemeral-storage.',
        }),
      ],
    },
    'j unknown: ended with code 137 (Error) and no report: Evicted: The node was low on resource: ephemeral-storage.',
  ],
  'a pass that its exit code contradicts': [
    {
      pods: [
        ended('j', { exitCode: 143, message: JSON.stringify({ ok: true, drill: drill(10) }), finishedAt: at(10) }),
      ],
    },
    'j unknown: ended with code 143 (no reason) and no report',
  ],
  'it took too long, and its pods are gone': [
    { jobs: [failedJob('j', 10, 'DeadlineExceeded', 'Job was active longer than specified deadline')] },
    'j unknown: DeadlineExceeded: Job was active longer than specified deadline',
  ],
  'its image cannot be pulled': [
    { pods: [waiting('j', at(40), IMAGE_GONE)] },
    'j unknown: container postgres does not start: ImagePullBackOff: Back-off pulling image "postgres:15"',
  ],
  'it cannot be pulled for a moment only': [{ pods: [waiting('j', at(51), IMAGE_GONE)] }, undefined],
  'no node takes it': [
    { pods: [waiting('j', at(40), NO_NODE)] },
    'j unknown: no node takes its pod: 0/2 nodes have room',
  ],
  'it runs': [{ pods: [waiting('j', at(10), { phase: 'Running' })] }, undefined],
  'it could not be pulled, and then the job ended': [
    {
      known: { lastDrills: [{ ...drill(20, 'unknown'), job: 'j', message: 'no image' }] },
      jobs: [failedJob('j', 50, 'DeadlineExceeded', 'too long')],
    },
    'j unknown: no image',
  ],
  'it got its image after all': [
    {
      known: { lastDrills: [{ ...drill(20, 'unknown'), job: 'j', message: 'no image' }] },
      pods: [reported('j', drill(40))],
    },
    'j passed: it passed',
  ],
  'what was known stands': [{ known: { lastDrills: [{ ...drill(20), job: 'i' }] } }, 'i passed: it passed'],
  'an older run than the known one': [
    { known: { lastDrills: [{ ...drill(20), job: 'i' }] }, pods: [reported('j', drill(10, 'failed'))] },
    'i passed: it passed',
  ],
  'a run of the future': [
    { pods: [reported('i', drill(10)), reported('j', drill(10, 'passed', { finishedAt: '2027-01-01T00:00:00Z' }))] },
    'i passed: it passed',
  ],
  'a drill that the policy dropped': [
    { known: { lastDrills: [{ ...drill(20), job: 'i' }] }, pods: [reported('j', drill(10))], drills: ['other'] },
    undefined,
  ],
};

for (const [name, [seen, expected]] of Object.entries(TABLE)) {
  test(`of a drill: ${name}`, () => {
    const [last, ...others] = read(seen).lastDrills ?? [];
    assert.equal(last && `${last.job} ${last.result}: ${last.message}`, expected);
    assert.deepEqual(others, []);
  });
}

test('each drill has a last run of its own, in the order of their names', () => {
  const monthly = drill(30, 'failed', { name: 'monthly' });
  const pods = [reported('w', drill(10)), reported('w2', drill(20)), reported('m', monthly)];
  const { lastDrills = [] } = read({ pods, drills: ['weekly', 'monthly'] });
  assert.deepEqual(
    lastDrills.map(({ name, job, result }) => [name, job, result]),
    [
      ['monthly', 'm', 'failed'],
      ['weekly', 'w2', 'passed'],
    ],
  );
});

test('the last good one stays known behind later bad ones, and when the policy drops its drill', () => {
  const good = drill(10, 'passed', { rtoSeconds: 42, achievedRpoSeconds: 3, evidence: 'e1', checks: 7 });
  const first = read({ pods: [reported('a', good), reported('b', drill(20, 'failed'))] });
  const expected = { name: 'weekly', finishedAt: at(10), rtoSeconds: 42, achievedRpoSeconds: 3, evidence: 'e1' };
  assert.deepEqual(first.lastSuccessfulDrill, expected);
  assert.equal(first.lastDrills?.[0]?.result, 'failed');
  assert.deepEqual(read({ known: first, drills: [] }), { lastSuccessfulDrill: expected });
});
