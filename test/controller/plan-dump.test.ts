import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackupPolicy } from '../../src/api/backup-policy.ts';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { Instance } from '../../src/api/protected-database.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import { readDumps } from '../../src/controller/dumps.ts';
import { planDatabase } from '../../src/controller/plan.ts';
import type { World } from '../../src/controller/world.ts';
import { buildLoadIntoOf, buildRestoreOf } from '../support/subjects.ts';
import {
  afterwards,
  buildDatabase,
  buildEndedPod,
  type buildPod,
  buildSidecarStatus,
  buildWorld,
  POLICY,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

function policy(destination: object): BackupPolicy {
  const dump = { schedule: '0 2 * * *', keep: '7d', destination };
  return { ...POLICY, spec: { ...POLICY.spec, dump } } as BackupPolicy;
}
const TO_STORAGE = policy({ storage: {} });
const TO_VOLUME = policy({ volume: { size: '10Gi' } });

/** What is done about dumps, and whether a CronJob comes to be suspended. */
function plan(world: World): string[] {
  const actions = world.statefulSets.flatMap((each) => planDatabase(each, world));
  return actions
    .filter(({ object }) => object.metadata.labels?.[LABEL.companion] === 'dump')
    .map(({ verb, object }) => {
      const isSuspended = (object.spec as { suspend?: boolean } | undefined)?.suspend === true;
      return `${verb} ${object.kind}/${object.metadata.name}${isSuspended ? ' suspended' : ''}`;
    });
}

function sidecars(status: SidecarStatus | string): World['sidecars'] {
  return new Map([['shop/orders-0', status]]);
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

const CRON_JOB = 'apply CronJob/orders-0-dump';
const CLAIM = 'create PersistentVolumeClaim/orders-0-dumps';

test('a primary gets its CronJob, and the claim before it where the policy asks for one', () => {
  assert.deepEqual(plan(buildWorld({ policies: [TO_STORAGE] })), [CRON_JOB]);
  assert.deepEqual(plan(buildWorld({ policies: [TO_VOLUME] })), [CLAIM, CRON_JOB]);
  assert.deepEqual(plan(buildWorld()), []);
});

test('the steady state costs no writes', () => {
  for (const each of [TO_STORAGE, TO_VOLUME]) assert.deepEqual(plan(settled(buildWorld({ policies: [each] }))), []);
});

test('a claim is never changed, whatever becomes of the policy', () => {
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  assert.deepEqual(plan({ ...world, policies: [policy({ volume: { size: '90Gi', storageClassName: 'x' } })] }), []);
});

// planDump: | being restored | the pod is | its CronJob | its claim |
test('a standby gets nothing, and one that was a primary stops', () => {
  const standby = sidecars(buildSidecarStatus({ inRecovery: true }));
  assert.deepEqual(plan(buildWorld({ policies: [TO_VOLUME], sidecars: standby })), []);
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  assert.deepEqual(plan({ ...world, sidecars: standby }), [`${CRON_JOB} suspended`]);
  const suspended = settled({ ...world, sidecars: standby });
  assert.deepEqual(plan({ ...suspended, sidecars: world.sidecars }), [CRON_JOB]);
});

test('what is not known to be a primary is left as it is', () => {
  const silent = sidecars('the sidecar does not answer');
  assert.deepEqual(plan(buildWorld({ policies: [TO_VOLUME], sidecars: silent })), []);
  assert.deepEqual(plan({ ...settled(buildWorld({ policies: [TO_VOLUME] })), sidecars: silent }), []);
});

test('while the database is being restored nothing is dumped', () => {
  const restores = [buildRestoreOf('elsewhere', 'orders')];
  assert.deepEqual(plan(buildWorld({ policies: [TO_VOLUME], restores })), []);
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  assert.deepEqual(plan({ ...world, restores }), [`${CRON_JOB} suspended`]);
});

test('while a dump is loaded into a new database of it nothing is dumped; of another one, or afterwards, it is', () => {
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  const into = buildLoadIntoOf({ name: 'again', of: 'shop' });
  assert.deepEqual(plan({ ...world, restores: [into] }), [`${CRON_JOB} suspended`]);
  assert.deepEqual(plan({ ...world, restores: [{ ...into, status: { phase: 'Completed' } }] }), []);
  const elsewhere = { ...into, spec: { ...into.spec, source: { database: 'carts', dump: 'latest' } } };
  assert.deepEqual(plan({ ...world, restores: [elsewhere] }), []);
});

test('scaled away, its CronJob is suspended', () => {
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  const statefulSets = [buildDatabase(({ spec }) => void Object.assign(spec, { replicas: 0 }))];
  assert.deepEqual(plan({ ...world, statefulSets }), [`${CRON_JOB} suspended`]);
});

test('asked for no more, its CronJob goes; the claim with its dumps stays', () => {
  const world = settled(buildWorld({ policies: [TO_VOLUME] }));
  assert.deepEqual(plan({ ...world, policies: [POLICY] }), ['delete CronJob/orders-0-dump']);
});

test("another database's companions are left alone", () => {
  const world = settled(buildWorld({ policies: [TO_STORAGE] }));
  const renamed = (each: KubeObject) => ({
    ...each,
    metadata: { ...each.metadata, labels: { ...each.metadata.labels, [LABEL.database]: 'other' } },
  });
  const companions = world.companions.map(renamed);
  assert.ok(!plan({ ...world, companions, policies: [POLICY] }).some((each) => each.startsWith('delete')));
});

const dump = (finishedAt: string) => ({ name: 'dump', finishedAt });

function ended(report: object, exitCode = 0, finishedAt = '2026-11-21T09:00:01Z') {
  return buildEndedPod('dump' as 'restore', 'orders-0-dump-1', {
    exitCode,
    message: JSON.stringify(report),
    finishedAt,
  });
}

function read(pods: readonly ReturnType<typeof buildPod>[], known: Pick<Instance, 'lastDump' | 'lastFailedDump'> = {}) {
  return readDumps(pods, 'orders-0', SYSTEM_IDENTIFIER, known);
}

test('the newest good and the newest bad run are told apart, and what is known stands until something newer comes', () => {
  const good = {
    ok: true,
    dump: dump('2026-11-21T09:00:00Z'),
    clusterId: SYSTEM_IDENTIFIER,
    kept: 1,
    removed: 0,
  };
  const found = { lastDump: { ...dump('2026-11-21T09:00:00Z'), job: 'orders-0-dump-1' } };
  assert.deepEqual(read([ended(good)]), found);
  assert.deepEqual(read([ended(good)], { lastDump: dump('2026-11-21T08:00:00Z') }), found);
  const newer = { lastDump: dump('2026-11-21T09:30:00Z') };
  assert.deepEqual(read([ended(good)], newer), newer);
  assert.deepEqual(read([ended({ ok: false, message: 'full' }, 1)], newer), {
    ...newer,
    lastFailedDump: { finishedAt: '2026-11-21T09:00:01Z', job: 'orders-0-dump-1', message: 'full' },
  });
});

test('a dump of another cluster, a standby that left it to its primary, and a report that its code contradicts are none', () => {
  const other = { ok: true, dump: dump('2026-11-21T09:00:00Z'), clusterId: '1', kept: 1, removed: 0 };
  assert.deepEqual(read([ended(other), ended({ ok: true, skipped: 'standby' })]), {});
  assert.match(read([ended({ ...other, clusterId: SYSTEM_IDENTIFIER }, 137)]).lastFailedDump?.message ?? '', /137/);
});
