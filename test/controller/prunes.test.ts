import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../src/api/kubernetes.ts';
import type { PruneOutcome } from '../../src/api/reports.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { readPrunes } from '../../src/controller/prunes.ts';
import type { World } from '../../src/controller/world.ts';
import {
  afterwards,
  buildEndedPod,
  buildGoodReport,
  buildWorld,
  describeActions,
  POLICY,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;
const read = (pods: readonly Pod[], known = {}) => readPrunes(pods, 'orders-0', SYSTEM_IDENTIFIER, known);

function pruned(minute: number, report: object, exitCode = 0): Pod {
  return buildEndedPod('prune', `prune-${minute}`, {
    exitCode,
    message: JSON.stringify(report),
    finishedAt: at(minute),
  });
}

const GOOD = { ok: true as const, kept: 7, removed: 1, next: ['base_2'] };
const good = (minute: number, clusterId = SYSTEM_IDENTIFIER) =>
  pruned(minute, { ok: true, prune: GOOD, inventory: {}, clusterId });
const bad = (minute: number) => pruned(minute, { ok: false, message: 'AccessDenied' }, 1);

function backedUp(minute: number, prune?: PruneOutcome): Pod {
  const report = JSON.parse(buildGoodReport(`base_${minute}`, at(minute)));
  const message = JSON.stringify({ ...report, ...(prune ? { prune } : {}) });
  return buildEndedPod('base-backup', `backup-${minute}`, { exitCode: 0, message, finishedAt: at(minute) });
}

test('the newest good and the newest bad clean-up, by a job of its own or by a base-backup job', () => {
  const failed = { ok: false, message: 'gone from the store' } as const;
  assert.deepEqual(read([good(10), backedUp(20, GOOD), bad(5), backedUp(30, failed), backedUp(40)]), {
    lastPrune: { kept: 7, removed: 1, next: ['base_2'], finishedAt: at(20), job: 'backup-20' },
    lastFailedPrune: { finishedAt: at(30), job: 'backup-30', message: 'gone from the store' },
  });
});

test('what was known stands until something newer comes; who skipped, and strangers, tell nothing', () => {
  const known = read([good(20), bad(21)]);
  assert.deepEqual(read([], known), known);
  assert.deepEqual(read([good(10), bad(9)], known), known);
  assert.deepEqual(read([pruned(40, { ok: true, skipped: 'standby' }), good(41, '42')], known), known);
});

const RETENTION = { keepDaily: 7 };

function worldOf(retention: object): World {
  const policy = { ...POLICY, spec: { ...POLICY.spec, retention } } as typeof POLICY;
  return buildWorld({ policies: [policy] });
}

function actions(world: World): string[] {
  const [workload = assert.fail()] = world.statefulSets;
  return describeActions(planDatabase(workload, world)).filter((action) => /prune/.test(action));
}

/** The world after it was planned for a retention with a schedule, and then the policy changed. */
function changedTo(retention: object): World {
  const before = worldOf({ ...RETENTION, schedule: '0 5 * * *' });
  const [workload = assert.fail()] = before.statefulSets;
  const after = afterwards(before, planDatabase(workload, before));
  const companions = after.companions.map((each) => ({ ...each, metadata: { ...each.metadata, uid: 'uid' } }));
  return { ...after, companions, policies: worldOf(retention).policies };
}

test('with a schedule of its own there is a CronJob, and in the steady state nothing to do', () => {
  assert.deepEqual(actions(worldOf({ ...RETENTION, schedule: '0 5 * * *' })), ['apply CronJob/orders-0-prune']);
  assert.deepEqual(actions(changedTo({ ...RETENTION, schedule: '0 5 * * *' })), []);
});

test('without a schedule there is none, and one that was there goes', () => {
  assert.deepEqual(actions(worldOf(RETENTION)), []);
  assert.deepEqual(actions(changedTo(RETENTION)), ['delete CronJob/orders-0-prune']);
  assert.deepEqual(actions(changedTo({ ...RETENTION, schedule: '0 6 * * *' })), ['apply CronJob/orders-0-prune']);
});

test('of a pod that was scaled away it goes', () => {
  const world = changedTo({ ...RETENTION, schedule: '0 5 * * *' });
  const [workload = assert.fail()] = world.statefulSets;
  const scaled = { ...workload, spec: { ...workload.spec, replicas: 0 } };
  assert.deepEqual(actions({ ...world, statefulSets: [scaled] }), ['delete CronJob/orders-0-prune']);
});
