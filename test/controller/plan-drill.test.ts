import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import type { BackupPolicy } from '../../src/api/backup-policy.ts';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import type { DrillReport, SidecarStatus } from '../../src/api/reports.ts';
import type { EvidenceSecret } from '../../src/companion/evidence.ts';
import { drillName } from '../../src/companion/instance.ts';
import { decide } from '../../src/controller/decide.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import { mintSecret } from '../../src/controller/secrets.ts';
import type { World } from '../../src/controller/world.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  findCondition,
  NOW,
  POLICY,
  STORAGE_PREFIX,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

function policy(...drills: NonNullable<BackupPolicy['spec']['drills']>): BackupPolicy {
  return { ...POLICY, spec: { ...POLICY.spec, drills } };
}
const WEEKLY = { name: 'weekly', schedule: '0 5 * * 0' };
const MONTHLY = { name: 'monthly', schedule: '0 6 1 * *' };
const DRILLED = policy(WEEKLY);

/** What is done about drills, and whether a CronJob comes to be suspended. */
function plan(world: World): string[] {
  const actions = world.statefulSets.flatMap((each) => planDatabase(each, world));
  return actions
    .filter(({ object }) => object.metadata.labels?.[LABEL.companion] === 'drill')
    .map(({ verb, object }) => {
      const isSuspended = (object.spec as { suspend?: boolean } | undefined)?.suspend === true;
      return `${verb} ${object.kind}/${object.metadata.name}${isSuspended ? ' suspended' : ''}`;
    });
}

/** With what the API server adds. */
function settled(world: World): World {
  const after = afterwards(
    world,
    world.statefulSets.flatMap((each) => planDatabase(each, world)),
  );
  const companions = after.companions.map((each) => ({ ...each, metadata: { ...each.metadata, uid: 'u' } }));
  return { ...after, companions };
}

const replicas = (count: number) => [buildDatabase(({ spec }) => void Object.assign(spec, { replicas: count }))];
const sidecars = (...all: (SidecarStatus | string)[]): World['sidecars'] =>
  new Map(all.map((each, ordinal) => [`shop/orders-${ordinal}`, each]));
const PRIMARY = buildSidecarStatus();
const STANDBY = buildSidecarStatus({ inRecovery: true });

const CRON_JOB = 'apply CronJob/orders-0-drill-weekly';

test('a primary gets a CronJob for each drill', () => {
  assert.deepEqual(plan(buildWorld({ policies: [DRILLED] })), [CRON_JOB]);
  assert.deepEqual(plan(buildWorld({ policies: [policy(WEEKLY, MONTHLY)] })), [
    CRON_JOB,
    'apply CronJob/orders-0-drill-monthly',
  ]);
  assert.deepEqual(plan(buildWorld()), []);
});

test('the steady state costs no writes, scaled to zero or not', () => {
  const world = settled(buildWorld({ policies: [policy(WEEKLY, MONTHLY)] }));
  assert.deepEqual(plan(world), []);
  const stopped = settled({ ...world, statefulSets: replicas(0), sidecars: sidecars(), pods: [] });
  assert.deepEqual(
    stopped.statefulSets.flatMap((each) => planDatabase(each, stopped)).map(({ verb }) => verb),
    [],
  );
});

/** planDrill: what the world is, where the CronJob is not there yet, and where it is. */
const TABLE: Readonly<Record<string, readonly [change: Partial<World>, absent: string[], there: string[]]>> = {
  'the database is being restored': [
    { restores: [buildRestoreOf('elsewhere', 'orders')] },
    [],
    [`${CRON_JOB} suspended`],
  ],
  'it is read by a Restore': [{ restores: [buildRestoreOf('orders', 'elsewhere')] }, [CRON_JOB], []],
  'the pod is a primary': [{}, [CRON_JOB], []],
  'the pod is a standby': [{ sidecars: sidecars(STANDBY) }, [], [`${CRON_JOB} suspended`]],
  'nobody knows what the pod is': [{ sidecars: sidecars('the sidecar does not answer') }, [], []],
  'it is scaled to zero': [{ statefulSets: replicas(0), sidecars: sidecars() }, [], []],
};

for (const [name, [change, absent, there]] of Object.entries(TABLE)) {
  test(`while ${name}`, () => {
    const world = buildWorld({ policies: [DRILLED] });
    assert.deepEqual(plan({ ...world, ...change }), absent);
    assert.deepEqual(plan({ ...settled(world), ...change }), there);
  });
}

test('scaled away, with the primary of its cluster elsewhere, it is suspended', () => {
  const two = buildWorld({ policies: [DRILLED], statefulSets: replicas(2), sidecars: sidecars(STANDBY, PRIMARY) });
  const world = settled({ ...two, pods: [buildPod(), buildPod('orders-1')] });
  assert.deepEqual(plan({ ...world, statefulSets: replicas(1), sidecars: sidecars(PRIMARY) }), [
    CRON_JOB,
    'apply CronJob/orders-1-drill-weekly suspended',
  ]);
});

test('a suspended one stays so until its pod is seen to be a primary', () => {
  const world = settled(buildWorld({ policies: [DRILLED] }));
  const stopped = settled({ ...world, sidecars: sidecars(STANDBY) });
  assert.deepEqual(plan({ ...stopped, sidecars: sidecars('no answer') }), []);
  assert.deepEqual(plan({ ...stopped, sidecars: sidecars(PRIMARY) }), [CRON_JOB]);
});

test('it follows the policy while it is scaled to zero, and goes with its drill', () => {
  const world = settled(buildWorld({ policies: [policy(WEEKLY, MONTHLY)] }));
  const stopped = { ...world, statefulSets: replicas(0), sidecars: sidecars() };
  assert.deepEqual(plan({ ...stopped, policies: [policy({ ...WEEKLY, schedule: '0 7 * * 0' }, MONTHLY)] }), [CRON_JOB]);
  assert.deepEqual(plan({ ...stopped, policies: [DRILLED] }), ['delete CronJob/orders-0-drill-monthly']);
  assert.deepEqual(plan({ ...world, policies: [POLICY] }), [
    'delete CronJob/orders-0-drill-weekly',
    'delete CronJob/orders-0-drill-monthly',
  ]);
});

test('it is told where the backups are, also when nobody can be asked any more', () => {
  const world = settled(buildWorld({ policies: [DRILLED] }));
  const stopped = { ...world, statefulSets: replicas(0), sidecars: sidecars() };
  const later = { ...stopped, policies: [policy({ ...WEEKLY, schedule: '0 7 * * 0' })] };
  for (const each of [buildWorld({ policies: [DRILLED] }), later]) {
    const actions = each.statefulSets.flatMap((workload) => planDatabase(workload, each));
    const cronJob = actions.find(({ object }) => object.metadata.name === 'orders-0-drill-weekly');
    assert.ok(JSON.stringify(cronJob?.object.spec).includes(STORAGE_PREFIX));
  }
});

const ELSEWHERE = policy({ ...WEEKLY, namespace: 'dr' });
const MISSING = { missing: 'dr does not take it in' };
const IN_DR = drillName('orders-0', 'weekly', 'shop');
const APPLY_IN_DR = `apply CronJob/${IN_DR}`;
const given = { policies: [ELSEWHERE], places: new Map([['dr', 'given' as const]]) };

/** Of a drill that runs elsewhere: what the world is, where its CronJob is not there yet, and where it is. */
const PLACES: Readonly<Record<string, readonly [change: Partial<World>, absent: string[], there: string[]]>> = {
  'leave is given': [{}, [APPLY_IN_DR], []],
  'leave is missing': [{ places: new Map([['dr', MISSING]]) }, [], [`delete CronJob/${IN_DR}`]],
  'leave is not known yet': [{ places: new Map() }, [], []],
  'leave is not known yet, and the pod is a standby': [
    { places: new Map(), sidecars: sidecars(STANDBY) },
    [],
    [`${APPLY_IN_DR} suspended`],
  ],
  'the pod is a standby': [{ sidecars: sidecars(STANDBY) }, [], [`${APPLY_IN_DR} suspended`]],
  'the policy wants it beside the database again': [
    { policies: [DRILLED] },
    [CRON_JOB],
    [CRON_JOB, `delete CronJob/${IN_DR}`],
  ],
  'the policy has no drills any more': [{ policies: [POLICY] }, [], [`delete CronJob/${IN_DR}`]],
};

for (const [name, [change, absent, there]] of Object.entries(PLACES)) {
  test(`elsewhere, while ${name}`, () => {
    const world = buildWorld(given);
    assert.deepEqual(plan({ ...world, ...change }), absent);
    const live = settled(world);
    assert.deepEqual(
      live.companions.filter(({ metadata }) => metadata.namespace === 'dr').map(({ metadata }) => metadata.name),
      [IN_DR],
    );
    assert.deepEqual(plan({ ...live, ...change }), there);
  });
}

test('elsewhere, before it is known where the backups are, nothing is made', () => {
  const { storagePrefix: _unknown, ...status } = buildSidecarStatus();
  assert.deepEqual(plan(buildWorld({ ...given, sidecars: sidecars(status) })), []);
});

test('elsewhere the key of evidence is of the namespace in which the job runs', () => {
  const world = buildWorld(given);
  const minted = world.statefulSets
    .flatMap((each) => planDatabase(each, world))
    .filter(({ verb }) => verb === 'mint')
    .map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`);
  assert.deepEqual(minted, ['dr/walguard-evidence']);
});

test('what is missing is the condition, whatever came of a drill before, and the status says where drills run', () => {
  const seen = settled(buildWorld({ policies: [DRILLED], pods: [buildPod(), passed('2026-11-21T09:30:00.000Z')] }));
  const later = settled({ ...seen, policies: [ELSEWHERE], places: new Map([['dr', MISSING]]) });
  const { status, reason, message } = findCondition(statusOf(later).conditions, 'LastDrillSucceeded') ?? assert.fail();
  assert.deepEqual(
    [status, reason, message],
    ['Unknown', 'DrillNotAllowed', 'orders-0: drill weekly is not made: dr does not take it in'],
  );
  assert.deepEqual(statusOf(later).drillNamespaces, ['dr']);
  assert.equal('drillNamespaces' in statusOf(seen), false);
});

test('what came of it there is read, and when it runs next; a pod that only says that it is its drill is not believed', () => {
  const inDr = (namespace: string, labels: Record<string, string>) => {
    const pod = passed('2026-11-21T09:30:00.000Z');
    return { ...pod, metadata: { ...pod.metadata, namespace, labels: { ...pod.metadata.labels, ...labels } } };
  };
  const look = (pod: ReturnType<typeof inDr>) => {
    const world = settled(buildWorld({ ...given, pods: [buildPod(), pod] }));
    return [findCondition(statusOf(world).conditions, 'LastDrillSucceeded')?.status, statusOf(world).nextRuns?.drill];
  };
  const next = '2026-11-22T05:00:00.000Z';
  const home = (name: string) => ({ [LABEL.databaseNamespace]: name });
  assert.deepEqual(look(inDr('dr', home('shop'))), ['True', next]);
  assert.deepEqual(look(inDr('dr', home('bank'))), ['Unknown', next], 'of a namesake');
  assert.deepEqual(look(inDr('dr', {})), ['Unknown', next], 'of a namesake in that namespace');
  assert.deepEqual(look(inDr('elsewhere', home('shop'))), ['Unknown', next], 'of a namespace that has no drills of it');
  assert.deepEqual(look(inDr('shop', {})), ['Unknown', next], 'of its own namespace, where the policy has none');
});

test('a drill elsewhere has no owner: it is taken away when its database is gone, or names no policy any more', () => {
  const world = settled(buildWorld(given));
  const subject = { kind: 'database', namespace: 'shop', name: 'orders' } as const;
  const deleted = (each: World) =>
    decide(subject, each)
      .filter(({ verb }) => verb === 'delete')
      .map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`);
  assert.deepEqual(deleted({ ...world, statefulSets: [] }), [`dr/${IN_DR}`]);
  assert.deepEqual(deleted({ ...world, statefulSets: [], databases: [] }), [`dr/${IN_DR}`]);
  const unprotected = [buildDatabase(({ metadata }) => void Object.assign(metadata, { annotations: {} }))];
  assert.ok(deleted({ ...world, statefulSets: unprotected }).includes(`dr/${IN_DR}`));
});

test("another database's drills are left alone", () => {
  const world = settled(buildWorld({ policies: [DRILLED] }));
  const renamed = (each: KubeObject) => ({
    ...each,
    metadata: { ...each.metadata, labels: { ...each.metadata.labels, [LABEL.database]: 'other' } },
  });
  assert.deepEqual(plan({ ...world, companions: world.companions.map(renamed), policies: [POLICY] }), []);
});

function statusOf(world: World): ProtectedDatabaseStatus {
  return world.databases[0]?.status ?? assert.fail('no status');
}

function passed(finishedAt: string) {
  const drill = { name: 'weekly', finishedAt, result: 'passed' as const, message: 'it came back', rtoSeconds: 42 };
  const report: DrillReport = { ok: true, drill, clusterId: SYSTEM_IDENTIFIER };
  const pod = buildEndedPod('drill', 'j', { exitCode: 0, message: JSON.stringify(report), finishedAt });
  return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [LABEL.drill]: 'weekly' } } };
}

test('what came of it is in the status, also once the pod is gone or scaled away', () => {
  const finishedAt = '2026-11-21T09:30:00.000Z';
  const world = buildWorld({ policies: [DRILLED], pods: [buildPod(), passed(finishedAt)] });
  const seen = settled(world);
  assert.equal(findCondition(statusOf(seen).conditions, 'LastDrillSucceeded')?.status, 'True');
  assert.equal(statusOf(seen).lastSuccessfulDrill, finishedAt);
  assert.equal(statusOf(seen).nextRuns?.drill, '2026-11-22T05:00:00.000Z');
  const later = settled({ ...seen, pods: [], statefulSets: replicas(0), sidecars: sidecars() });
  const [instance] = statusOf(later).instances ?? [];
  assert.deepEqual([instance?.message, instance?.lastDrills?.[0]?.rtoSeconds], ['scaled away', 42]);
  assert.equal(findCondition(statusOf(later).conditions, 'LastDrillSucceeded')?.status, 'True');
});

test('a drill that ends while the database is scaled to zero is read, too', () => {
  const world = settled(buildWorld({ policies: [DRILLED] }));
  const stopped = settled({ ...world, pods: [], statefulSets: replicas(0), sidecars: sidecars() });
  const seen = settled({ ...stopped, pods: [passed('2026-11-21T09:30:00.000Z')] });
  assert.equal(findCondition(statusOf(seen).conditions, 'LastDrillSucceeded')?.status, 'True');
});

test('since when drills are asked for is kept under one policy, and not when nothing rehearses the database', () => {
  const first = settled(buildWorld({ policies: [DRILLED] }));
  assert.equal(statusOf(first).drillsSince, NOW);
  const later = { ...first, now: '2026-11-23T10:00:00.000Z' };
  assert.equal(statusOf(settled(later)).drillsSince, NOW);
  assert.equal(statusOf(settled({ ...later, policies: [POLICY] })).drillsSince, undefined);
  const subject = { kind: 'database', namespace: 'shop', name: 'orders' } as const;
  const gone = decide(subject, { ...later, statefulSets: [] }).map(({ object }) => object.status as object);
  assert.deepEqual(
    gone.map((status) => 'drillsSince' in status),
    [false],
  );
  const renamed = { ...DRILLED, metadata: { name: 'gold' } };
  const moved = [
    buildDatabase(({ metadata }) => void Object.assign(metadata.annotations ?? {}, { 'walguard.dev/policy': 'gold' })),
  ];
  assert.equal(statusOf(settled({ ...later, policies: [renamed], statefulSets: moved })).drillsSince, later.now);
});

test('the key of evidence is made with the first CronJob, where walguard may make Secrets, and never again', () => {
  const minted = (world: World) =>
    world.statefulSets
      .flatMap((each) => planDatabase(each, world))
      .filter(({ verb }) => verb === 'mint')
      .map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`);
  const world = buildWorld({ policies: [DRILLED], sidecars: sidecars(PRIMARY) });
  assert.deepEqual(minted(world), ['shop/walguard-evidence']);
  assert.deepEqual(minted({ ...world, makesSecrets: false }), []);
  assert.deepEqual(minted(settled(world)), []);
  assert.deepEqual(minted(buildWorld({ policies: [POLICY], sidecars: sidecars(PRIMARY) })), []);
});

test('what is minted is a pair of keys that belong together, another one each time', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'walguard-evidence', namespace: 'shop' } };
  const [one, other] = [mintSecret(secret), mintSecret(secret)] as [EvidenceSecret, EvidenceSecret];
  const { 'private.pem': privateKey = '', 'public.pem': publicKey = '' } = one.stringData;
  assert.equal(createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }), publicKey);
  assert.notEqual(other.stringData['private.pem'], privateKey);
});
