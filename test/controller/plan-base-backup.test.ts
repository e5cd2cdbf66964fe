import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { Instance as ObservedInstance } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import { listInstances } from '../../src/companion/instance.ts';
import { planBaseBackups } from '../../src/controller/plan-base-backup.ts';
import { resolveSubject } from '../../src/controller/subject.ts';
import type { World } from '../../src/controller/world.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildDatabase,
  buildJob,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  NOW,
  POLICY,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

const CRON_JOB = 'orders-0-base-backup';

/** What base backups need done, of the database as it is known to be. */
function plan(world: World, known: readonly ObservedInstance[] = []) {
  const [workload] = world.statefulSets;
  const subject = workload ? resolveSubject(workload, world) : '';
  if (typeof subject === 'string') assert.fail(subject);
  return planBaseBackups({ subject, instances: listInstances(subject), known, retired: [], world });
}

function isSuspended(object: KubeObject | undefined): unknown {
  return (object?.spec as { suspend?: unknown } | undefined)?.suspend;
}

test('suspended for as long as a Restore fills the database, not while one reads it', () => {
  const into = buildRestoreOf('bills', 'orders');
  const suspended = (restores: World['restores']) => isSuspended(plan(buildWorld({ restores }))[0]?.object);
  assert.equal(suspended([into]), true);
  assert.equal(suspended([{ ...into, status: { phase: 'Replaying' } }]), true);
  assert.equal(suspended([{ ...into, status: { phase: 'Completed' } }]), false);
  assert.equal(suspended([{ ...into, status: { phase: 'Failed' } }]), false);
  assert.equal(suspended([{ ...into, metadata: { ...into.metadata, namespace: 'other' } }]), false);
  assert.equal(suspended([buildRestoreOf('orders', 'orders-before')]), false);
});

test('the schedule of a pod that was scaled away is suspended, also where nothing is remembered of the pod', () => {
  const two = buildWorld({ statefulSets: [buildDatabase(({ spec }) => void Object.assign(spec, { replicas: 2 }))] });
  const both = afterwards(two, plan(two));
  const one = { ...both, statefulSets: [buildDatabase()], databases: [] };
  const actions = plan(one);
  assert.deepEqual(
    describeActions(actions).filter((each) => each.includes('CronJob')),
    ['apply CronJob/orders-0-base-backup', 'apply CronJob/orders-1-base-backup'],
  );
  assert.equal(
    isSuspended(actions.find(({ object }) => object.metadata.name === 'orders-1-base-backup')?.object),
    true,
  );
  assert.deepEqual(
    plan(afterwards(one, actions)).filter(({ verb }) => verb === 'apply'),
    [],
  );
});

/** A run of the CronJob that began so many seconds ago. */
function run(secondsAgo: number, over: Partial<NonNullable<Job['status']>> = {}, cronJob = 'uid-of-cron-job'): Job {
  const startTime = new Date(Date.parse(NOW) - secondsAgo * 1000).toISOString();
  const job = buildJob('orders-0-base-backup-29731200', { startTime, ...over });
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: CRON_JOB, uid: cronJob };
  return { ...job, metadata: { ...job.metadata, ownerReferences: [owner] } };
}

const DEADLINE = 6 * 3600;

// | its age | its end | what is done with the CronJob |
const RUNS: readonly (readonly [name: string, job: Job, does: 'nothing' | 'delete'])[] = [
  ['one that still has time', run(DEADLINE - 1), 'nothing'],
  ['one that ends just now', run(DEADLINE + 300), 'nothing'],
  ['one that has failed', run(DEADLINE + 3600, { conditions: [{ type: 'Failed', status: 'True' }] }), 'nothing'],
  [
    'one that is about to fail, for as long as its pod is terminating',
    run(DEADLINE + 3600, { conditions: [{ type: 'FailureTarget', status: 'True' }] }),
    'delete',
  ],
  ['one that does not end', run(DEADLINE + 3600), 'delete'],
  ['one of the CronJob before this one', run(DEADLINE + 3600, {}, 'uid-of-another'), 'nothing'],
];

for (const [name, job, does] of RUNS) {
  test(`a run blocks the next ones: ${name} -> ${does}`, () => {
    const world = buildWorld();
    const after = afterwards(world, plan(world));
    const companions = after.companions.map((each) => ({
      ...each,
      metadata: { ...each.metadata, ...(each.kind === 'CronJob' ? { uid: 'uid-of-cron-job' } : {}) },
    }));
    const known = [{ pod: 'orders-0', lastSuccessfulBackup: good(1) }];
    const actions = plan({ ...after, companions, jobs: [job] }, known);
    const all = describeActions(actions).filter((each) => each.includes('CronJob'));
    assert.deepEqual(all, does === 'nothing' ? [] : [`delete CronJob/${CRON_JOB}`]);
  });
}

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;
const good = (minute: number) => ({ name: `base_${minute}`, finishedAt: at(minute) });
const bad = (minute: number) => ({
  finishedAt: at(minute),
  job: `orders-0-base-backup-${minute}`,
  message: 'the connection broke',
});

/** orders-1 leads; orders-0, whose last run failed, is what is said of it. */
function afterFailover(
  of: { readonly zero: Partial<ObservedInstance>; readonly one?: Partial<ObservedInstance> },
  over: { readonly from?: 'standby'; readonly jobs?: readonly Job[]; readonly leads?: boolean } = {},
): string[] {
  const { from, jobs = [], leads = true } = over;
  const spec = { ...POLICY.spec, ...(from ? { baseBackup: { from } } : {}) };
  const world = buildWorld({
    policies: [{ ...POLICY, spec }],
    statefulSets: [buildDatabase(({ spec }) => void Object.assign(spec, { replicas: 2 }))],
    jobs,
    sidecars: new Map<string, SidecarStatus | string>([
      ['shop/orders-0', 'the pod does not exist'],
      ['shop/orders-1', buildSidecarStatus({ pod: 'orders-1', inRecovery: !leads })],
    ]),
  });
  const cluster = { clusterId: SYSTEM_IDENTIFIER };
  const known = [
    { pod: 'orders-0', ...cluster, ...of.zero },
    { pod: 'orders-1', ...cluster, inRecovery: !leads, ...of.one },
  ];
  return describeActions(plan(world, known)).filter((each) => each.startsWith('create'));
}

const CATCH_UP = /^create Job\/orders-1-base-backup-x[0-9a-f]{8}$/;
const LOST = { lastSuccessfulBackup: good(1), lastFailedBackup: bad(30) };

test('a run that a failover ended is made up for by the new primary, once', () => {
  const actions = afterFailover({ zero: LOST });
  assert.match(actions.join(), CATCH_UP);
  const name = actions[0]?.replace('create Job/', '') ?? '';
  assert.deepEqual(afterFailover({ zero: LOST }, { jobs: [buildJob(name)] }), []);
});

test('not made up for: a good one came since, its own pod leads, nobody leads, the first is still to come', () => {
  assert.deepEqual(afterFailover({ zero: LOST, one: { lastSuccessfulBackup: good(40) } }), []);
  assert.deepEqual(afterFailover({ zero: { lastSuccessfulBackup: good(1) }, one: { lastFailedBackup: bad(30) } }), []);
  assert.deepEqual(afterFailover({ zero: LOST }, { leads: false }), []);
  assert.deepEqual(
    afterFailover({ zero: { lastFailedBackup: bad(30) } }).filter((each) => CATCH_UP.test(each)),
    [],
  );
});

test("waits for the new primary's own run", () => {
  const own = buildJob('orders-1-base-backup-29731200');
  own.metadata.labels = { ...own.metadata.labels, [LABEL.companion]: 'base-backup', [LABEL.instance]: 'orders-1' };
  assert.deepEqual(afterFailover({ zero: LOST }, { jobs: [own] }), []);
  const lost = { ...own, status: { startTime: new Date(Date.parse(NOW) - (DEADLINE + 901) * 1000).toISOString() } };
  assert.match(afterFailover({ zero: LOST }, { jobs: [lost] }).join(), CATCH_UP);
  const ended = { ...own, status: { conditions: [{ type: 'Complete', status: 'True' }] } };
  assert.match(afterFailover({ zero: LOST }, { jobs: [ended] }).join(), CATCH_UP);
});

test('where standbys are read, one that is a standby still fails for itself', () => {
  assert.deepEqual(afterFailover({ zero: { ...LOST, inRecovery: true } }, { from: 'standby' }), []);
  assert.match(afterFailover({ zero: LOST }, { from: 'standby' }).join(), CATCH_UP);
});
