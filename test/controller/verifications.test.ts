import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Pod } from '../../src/api/kubernetes.ts';
import type { VerifyReport } from '../../src/api/reports.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { newestVerified, readVerifications } from '../../src/controller/verifications.ts';
import type { World } from '../../src/controller/world.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  buildGoodReport,
  buildJob,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  describeActions,
  NOW,
  POLICY,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;
const GAP = { code: 'wal-gap', message: 'WAL is missing' };

interface Told {
  readonly findings?: readonly { code: string; message: string }[];
  readonly clusterId?: string;
  readonly rebaseAfter?: string;
}

function verified(minute: number, { findings = [], clusterId = SYSTEM_IDENTIFIER, rebaseAfter }: Told = {}): Pod {
  const report: VerifyReport = {
    ok: findings.length === 0,
    findings: [...findings],
    inventory: { listedAt: at(minute), baseBackups: 1, fullBackups: 1, recoveryWindows: [] },
    clusterId,
    durationMs: 900,
    ...(rebaseAfter === undefined ? {} : { rebaseAfter }),
  };
  const ending = { exitCode: report.ok ? 0 : 1, message: JSON.stringify(report), finishedAt: at(minute) };
  return buildEndedPod('verify', `verify-${minute}`, ending);
}

function broken(minute: number): Pod {
  const message = JSON.stringify({ ok: false, message: 'AccessDenied' });
  return buildEndedPod('verify', `verify-${minute}`, { exitCode: 1, message, finishedAt: at(minute) });
}

const read = (pods: readonly Pod[], known = {}) => readVerifications(pods, 'orders-0', SYSTEM_IDENTIFIER, known);

test('to have found something is a verification; not to have found out is none', () => {
  assert.deepEqual(read([verified(10), verified(20, { findings: [GAP] }), broken(30), broken(5)]), {
    lastVerification: { finishedAt: at(20), job: 'verify-20', result: 'failed', findings: [GAP] },
    lastFailedVerification: { finishedAt: at(30), job: 'verify-30', message: 'AccessDenied' },
  });
  assert.equal(read([verified(20, { findings: [GAP] }), verified(21)]).lastVerification?.result, 'passed');
});

test('what was known stands until something newer comes; standbys and strangers tell nothing', () => {
  const known = read([verified(20), broken(21)]);
  assert.deepEqual(read([], known), known);
  assert.deepEqual(read([verified(10, { findings: [GAP] }), broken(9)], known), known);
  const skipped = JSON.stringify({ ok: true, skipped: 'standby' });
  const standby = buildEndedPod('verify', 'verify-40', { exitCode: 0, message: skipped, finishedAt: at(40) });
  assert.deepEqual(read([standby, verified(41, { clusterId: '42' })], known), known);
});

test('a report that was cut, or that its exit code contradicts, is a run that could not find out', () => {
  const cut = buildEndedPod('verify', 'v', {
    exitCode: 1,
    message: '{"ok":false,"findi',
    reason: 'Error',
    finishedAt: at(3),
  });
  assert.deepEqual(read([cut]), {
    lastFailedVerification: { finishedAt: at(3), job: 'v', message: 'ended with code 1 (Error) and no report' },
  });
});

test('of the verifications of all members the newest listing counts', () => {
  const other = { ...verified(30, { rebaseAfter: 'x' }) };
  other.metadata = { ...other.metadata, labels: { ...other.metadata.labels, 'walguard.dev/instance': 'orders-1' } };
  const newest = newestVerified([verified(20), other], ['orders-0', 'orders-1'], SYSTEM_IDENTIFIER);
  assert.equal(newest?.rebaseAfter, 'x');
  assert.equal(newestVerified([verified(20), other], ['orders-0'], SYSTEM_IDENTIFIER)?.inventory.listedAt, at(20));
  assert.equal(newestVerified([verified(20)], ['orders-0'], '42'), undefined);
});

const verifying = (verify: { schedule: string } | undefined) => [
  { ...POLICY, spec: { ...POLICY.spec, ...(verify ? { verify } : {}) } },
];
const HOURLY = { schedule: '7 * * * *' };

function planned(world: World): string[] {
  const [workload] = world.statefulSets;
  assert.ok(workload);
  return describeActions(planDatabase(workload, world)).filter((each) => each.includes('verify'));
}

test('a database whose policy verifies gets a CronJob for each pod, once', () => {
  const statefulSets = [
    buildDatabase(({ spec }) => {
      spec.replicas = 2;
    }),
  ];
  const world = buildWorld({ statefulSets, policies: verifying(HOURLY) });
  const expected = ['apply CronJob/orders-0-verify', 'apply CronJob/orders-1-verify'];
  assert.deepEqual(planned(world), expected);
  const [workload] = statefulSets;
  assert.ok(workload);
  assert.deepEqual(planned(afterwards(world, planDatabase(workload, world))), []);
  assert.deepEqual(planned(buildWorld({ statefulSets })), []);
});

test('it is suspended when its pod is scaled away, and deleted when the policy does not verify any more', () => {
  const scale = (replicas: number) => [
    buildDatabase(({ spec }) => {
      spec.replicas = replicas;
    }),
  ];
  let world = buildWorld({
    statefulSets: scale(2),
    policies: verifying(HOURLY),
    pods: [buildPod(), buildPod('orders-1')],
  });
  world = afterwards(world, planDatabase(world.statefulSets[0] as never, world));
  const uid = (each: KubeObject) => ({ ...each, metadata: { ...each.metadata, uid: `uid-of-${each.metadata.name}` } });
  world = { ...world, companions: world.companions.map(uid), statefulSets: scale(1) };
  const [workload] = world.statefulSets;
  assert.ok(workload);
  const suspended = planDatabase(workload, world).find(({ object }) => object.metadata.name === 'orders-1-verify');
  assert.deepEqual((suspended?.object.spec as { suspend: boolean } | undefined)?.suspend, true);
  assert.deepEqual(planned({ ...world, policies: verifying(undefined) }), [
    'delete CronJob/orders-0-verify',
    'delete CronJob/orders-1-verify',
  ]);
});

const REBASE = { findings: [GAP], rebaseAfter: '000000010000000000000007' };

/** Base backups that are made at once. */
function rebases(changes: Partial<World>): string[] {
  const world = buildWorld(changes);
  const [workload] = world.statefulSets;
  assert.ok(workload);
  const actions = planDatabase(workload, world);
  return describeActions(actions).filter((each) => each.startsWith('create Job/orders-0-base-backup-x'));
}

const backedUp = (minute: number, startedAt = at(minute)) => {
  const report = JSON.parse(buildGoodReport('base_1', at(minute)));
  report.backup.startedAt = startedAt;
  return buildEndedPod('base-backup', `job-${minute}`, {
    exitCode: 0,
    message: JSON.stringify(report),
    finishedAt: at(minute),
  });
};
const withArchiver = (changes: object, status: object = {}) =>
  new Map([
    ['shop/orders-0', buildSidecarStatus({ archiver: { ...buildSidecarStatus().archiver, ...changes }, ...status })],
  ]);

test('a gap leads to one fresh base backup, and to no second one for as long as it is the same', () => {
  const pods = [buildPod(), backedUp(5), verified(20, REBASE)];
  const [made, ...others] = rebases({ pods });
  assert.ok(made && others.length === 0);
  const job = buildJob(made.slice('create Job/'.length), { conditions: [{ type: 'Failed', status: 'True' }] });
  assert.deepEqual(rebases({ pods, jobs: [job] }), []);
  const later = [buildPod(), backedUp(5), verified(30, { ...REBASE, rebaseAfter: '000000010000000000000009' })];
  assert.equal(rebases({ pods: later, jobs: [job] }).length, 1);
  assert.notDeepEqual(rebases({ pods: later }), [made]);
});

test('none is made where none is needed, or none would be good', () => {
  const gap = verified(20, REBASE);
  const running = buildJob('orders-0-base-backup-1');
  running.metadata.labels = { 'walguard.dev/companion': 'base-backup', 'walguard.dev/instance': 'orders-0' };
  const cases: readonly (readonly [string, Partial<World>])[] = [
    ['nothing was found', { pods: [buildPod(), backedUp(5), verified(20)] }],
    ['what was found is healed', { pods: [buildPod(), backedUp(5), gap, verified(30)] }],
    ['a good backup began since', { pods: [buildPod(), backedUp(25), gap] }],
    ['a backup runs', { pods: [buildPod(), backedUp(5), gap], jobs: [running] }],
    [
      'the pod is a standby',
      { pods: [buildPod(), backedUp(5), gap], sidecars: withArchiver({}, { inRecovery: true }) },
    ],
    ['it does not archive', { pods: [buildPod(), backedUp(5), gap], sidecars: withArchiver({ archiveMode: 'off' }) }],
    ['nobody answers', { pods: [buildPod(), backedUp(5), gap], sidecars: new Map() }],
  ];
  for (const [name, changes] of cases) assert.deepEqual(rebases(changes), [], name);
});

/** Of the rebase Job of an earlier gap: | its age in seconds | how it ended | the next one waits for it | */
const STUCK = [
  [6 * 3600 + 899, [], true],
  [6 * 3600 + 901, [], false],
  [6 * 3600 + 901, [{ type: 'FailureTarget', status: 'True' }], false],
  [60, [{ type: 'Failed', status: 'True' }], false],
] as const;

for (const [age, conditions, waits] of STUCK) {
  test(`a Job whose pod is on a lost node, ${age} s old, ${JSON.stringify(conditions)}: the next one ${waits ? 'waits' : 'goes on'}`, () => {
    const startTime = new Date(Date.parse(NOW) - age * 1000).toISOString();
    const job = buildJob('orders-0-base-backup-x1', { startTime, conditions: [...conditions] });
    job.metadata.labels = { 'walguard.dev/companion': 'base-backup', 'walguard.dev/instance': 'orders-0' };
    const pods = [buildPod(), backedUp(5), verified(20, REBASE)];
    assert.equal(rebases({ pods, jobs: [job] }).length, waits ? 0 : 1);
  });
}

test('a backup of the future settles no gap', () => {
  const future = '2027-01-20T10:00:00.000Z';
  const ahead = backedUp(25, future);
  const ended = ahead.status?.containerStatuses?.[0]?.state?.terminated;
  assert.ok(ended);
  const report = JSON.parse(ended.message ?? '');
  report.backup.finishedAt = future;
  ended.message = JSON.stringify(report);
  assert.equal(rebases({ pods: [buildPod(), backedUp(5), verified(20, REBASE), ahead] }).length, 1);
  assert.equal(
    rebases({ pods: [buildPod(), backedUp(5), ahead], sidecars: withArchiver({ droppedAt: at(30) }) }).length,
    1,
  );
});

test('one that was under way when the store was listed does not count: it may need what is gone', () => {
  assert.equal(rebases({ pods: [buildPod(), backedUp(25, at(15)), verified(20, REBASE)] }).length, 1);
});

test('WAL that was let go leads to a fresh base backup once that is over', () => {
  const pods = [buildPod(), backedUp(5)];
  const dropped = (droppedAt: string, status = {}) => withArchiver({ droppedAt }, status);
  assert.equal(rebases({ pods, sidecars: dropped(at(30)) }).length, 1);
  assert.deepEqual(rebases({ pods, sidecars: dropped(new Date(Date.parse(NOW) - 30_000).toISOString()) }), []);
  assert.deepEqual(rebases({ pods: [buildPod(), backedUp(35)], sidecars: dropped(at(30)) }), []);
  const storage = { checkedAt: NOW, readable: true, writable: false };
  assert.deepEqual(rebases({ pods, sidecars: dropped(at(30), { storage }) }), []);
  const [first] = rebases({ pods, sidecars: dropped(at(30)) });
  assert.notDeepEqual(rebases({ pods, sidecars: dropped(at(31)) }), [first]);
});
