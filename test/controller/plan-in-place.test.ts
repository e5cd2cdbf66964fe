// A restore in place, step by step: what is there after each, also where the controller is killed between any status and what it
// announces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, Pod, StatefulSet } from '../../src/api/kubernetes.ts';
import { IN_PLACE_FINALIZER } from '../../src/api/names.ts';
import type { SidecarStatus } from '../../src/api/reports.ts';
import type { Restore, RestoreStatus } from '../../src/api/restore.ts';
import { planRestore } from '../../src/controller/plan-restore.ts';
import { isBeingRestored } from '../../src/controller/view.ts';
import type { World } from '../../src/controller/world.ts';
import { targetOf } from '../../src/lib/restore-spec.ts';
import { buildLoadIntoOf, buildRestoreOf, buildSubject } from '../support/subjects.ts';
import {
  buildDatabase,
  buildEndedPod,
  buildJob,
  buildPod,
  buildSidecarStatus,
  buildWorld,
  NOW,
  STORAGE_PREFIX,
  SYSTEM_IDENTIFIER,
} from '../support/world.ts';

const LOOK = 'undo-restore-plan';
const TAKE = 'undo-restore';
const BACK = 'undo-restore-back';
const ASIDE = '/data/pgdata.before-undo-r20261121100000';
const MADE = '/data/pgdata.of-undo-r20261121100000';
const PLAN = {
  baseBackup: 'base_000000010000000000000003',
  target: 'LSN 0/1',
  fetchBytes: 1,
  dataBytes: 3 * 1024 ** 2,
};
const NEW_ID = `${SYSTEM_IDENTIFIER}-r20261121100000`;

/** What the cluster holds, and whether controllers live long. */
interface Stage {
  restore: Restore;
  others: Restore[];
  database: StatefulSet;
  isPodThere: boolean;
  jobs: Job[];
  jobPods: Pod[];
  answer: SidecarStatus | string;
  restarts: number;
  isKilled: boolean;
}

function inPlace(undo?: string): Restore {
  const restore = buildRestoreOf();
  const target = undo === undefined ? targetOf(restore.spec) : { latest: true as const };
  const destination = { inPlace: { confirm: 'orders', ...(undo === undefined ? {} : { undo }) } };
  return { ...restore, spec: { ...restore.spec, target, destination } };
}

function begin(isKilled = false, restore = inPlace()): Stage {
  const database = buildDatabase();
  database.spec.replicas = 1;
  const answer = buildSidecarStatus();
  return { restore, others: [], database, isPodThere: true, jobs: [], jobPods: [], answer, restarts: 0, isKilled };
}

function worldOf(stage: Stage): World {
  const { restore, others, database, isPodThere, jobs, jobPods, answer, restarts } = stage;
  const pod = buildPod();
  pod.status = { ...pod.status, containerStatuses: [{ name: 'postgres', restartCount: restarts }] };
  return buildWorld({
    restores: [restore, ...others],
    statefulSets: [database],
    databases: [
      {
        apiVersion: 'walguard.dev/v1alpha1',
        kind: 'ProtectedDatabase',
        metadata: { name: 'orders', namespace: 'shop' },
        status: { instances: [{ pod: 'orders-0', storagePrefix: STORAGE_PREFIX, clusterId: SYSTEM_IDENTIFIER }] },
      },
    ],
    jobs,
    pods: [...(isPodThere ? [pod] : []), ...jobPods],
    sidecars: new Map(isPodThere ? [['shop/orders-0', answer]] : []),
  });
}

/** One look; what it did, beside the status. A controller that is killed writes the status and no more, and the next one looks. */
function look(stage: Stage): string[] {
  for (const isLast of stage.isKilled ? [false, true] : [true]) {
    const actions = planRestore(stage.restore, worldOf(stage));
    const status = actions.find(({ verb }) => verb === 'apply-status')?.object.status as RestoreStatus | undefined;
    if (status) stage.restore = { ...stage.restore, status };
    if (!isLast) continue;
    for (const { object } of actions.filter(({ verb }) => verb === 'hold'))
      stage.restore = { ...stage.restore, metadata: { ...stage.restore.metadata, ...object.metadata } };
    const done = actions.filter(({ verb }) => verb !== 'apply-status' && verb !== 'hold');
    for (const { verb, object } of done) {
      // Wherever it is stopped: whoever deletes the Restore then does not take away what starts it again.
      if (stage.restore.metadata.deletionTimestamp === undefined) assert.ok(isHeld(stage) || verb === 'create', verb);
      if (verb === 'scale')
        stage.database = { ...stage.database, spec: { ...stage.database.spec, ...(object.spec as object) } };
      else stage.jobs = [...stage.jobs, buildJob(object.metadata.name ?? '')];
    }
    return done.map(({ verb, object }) =>
      verb === 'scale' ? `scale ${(object.spec as { replicas: number }).replicas}` : `${verb} ${object.metadata.name}`,
    );
  }
  return [];
}

function isHeld({ restore }: Stage): boolean {
  return restore.metadata.finalizers?.includes(IN_PLACE_FINALIZER) === true;
}

function remove(stage: Stage): void {
  stage.restore = { ...stage.restore, metadata: { ...stage.restore.metadata, deletionTimestamp: NOW } };
}

function end(stage: Stage, name: string, report: object, isGood = true): void {
  const status = isGood
    ? { succeeded: 1 }
    : { conditions: [{ type: 'Failed', status: 'True', message: 'BackoffLimitExceeded' }] };
  stage.jobs = stage.jobs.map((job) => (job.metadata.name === name ? { ...job, status } : job));
  const message = JSON.stringify({ ok: isGood, ...report });
  stage.jobPods = [...stage.jobPods, buildEndedPod('restore', name, { exitCode: isGood ? 0 : 1, message })];
}

function stepOf({ restore }: Stage): string {
  const { phase, inPlace: at } = restore.status ?? {};
  return phase === 'Completed' || phase === 'Failed' ? phase : `${at?.step}`;
}

/** To the moment at which the pod has gone. */
function toStopped(stage: Stage): void {
  look(stage);
  end(stage, LOOK, { plan: PLAN, durationMs: 1 });
  look(stage);
  stage.isPodThere = false;
}

function toReplaying(stage: Stage): void {
  toStopped(stage);
  look(stage);
  end(stage, TAKE, { plan: PLAN, durationMs: 1, aside: ASIDE });
  look(stage);
  stage.isPodThere = true;
  stage.answer = buildSidecarStatus({ clusterId: NEW_ID, postgres: 'up', inRecovery: true });
}

for (const isKilled of [false, true]) {
  const how = isKilled ? ', each controller killed once' : '';

  test(`from the first look to the end${how}`, () => {
    const stage = begin(isKilled);
    assert.deepEqual([look(stage), stepOf(stage)], [[`create ${LOOK}`], 'Looking']);
    assert.deepEqual([look(stage), stage.database.spec.replicas], [[], 1], 'the database runs while it is looked');
    end(stage, LOOK, { plan: PLAN, durationMs: 1 });
    assert.deepEqual([look(stage), stepOf(stage)], [['scale 0'], 'Stopping']);
    assert.equal(stage.restore.status?.inPlace?.replicas, 1);
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Stopping'], 'its pod is still there');
    stage.isPodThere = false;
    assert.deepEqual([look(stage), stepOf(stage)], [[`create ${TAKE}`], 'TakingPlace']);
    assert.deepEqual(look(stage), []);
    end(stage, TAKE, { plan: PLAN, durationMs: 1, aside: ASIDE });
    assert.deepEqual([look(stage), stepOf(stage)], [['scale 1'], 'Replaying']);
    assert.deepEqual(look(stage), []);
    stage.isPodThere = true;
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Replaying'], 'the last word of the old pod is no end');
    stage.answer = buildSidecarStatus({ clusterId: NEW_ID, inRecovery: true });
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Replaying']);
    stage.answer = buildSidecarStatus({ clusterId: NEW_ID, timeline: 2 });
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Completed']);
    const { message = '' } = stage.restore.status ?? {};
    assert.match(
      message,
      /kept in \/data\/pgdata\.before-undo-r20261121100000\. Back to them: walguard restore --undo undo --confirm orders -n shop\. To remove them: kubectl -n shop exec orders-0 -- rm -rf/,
    );
    assert.deepEqual(look(stage), [], 'what has ended is left alone');
  });

  test(`the job fails: the old data are put back, and the database is scaled up again${how}`, () => {
    const stage = begin(isKilled);
    toStopped(stage);
    look(stage);
    end(stage, TAKE, { message: 'the store is away' }, false);
    assert.deepEqual([look(stage), stepOf(stage)], [[`create ${BACK}`], 'PuttingBack']);
    end(stage, BACK, {});
    assert.deepEqual([look(stage), stepOf(stage)], [['scale 1'], 'StartingAgain']);
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Failed']);
    const { message = '' } = stage.restore.status ?? {};
    assert.match(message, /^the store is away\. The database runs on its old data again$/);
  });

  test(`it replays past the target: stopped, put back, started${how}`, () => {
    const stage = begin(isKilled);
    toReplaying(stage);
    stage.answer = buildSidecarStatus({ clusterId: NEW_ID, timeline: 1 });
    assert.deepEqual([look(stage), stepOf(stage)], [['scale 0'], 'PuttingBack']);
    assert.deepEqual(look(stage), [], 'its pod is still there');
    stage.isPodThere = false;
    assert.deepEqual(look(stage), [`create ${BACK}`]);
    end(stage, BACK, { made: MADE });
    look(stage);
    look(stage);
    assert.equal(stepOf(stage), 'Failed');
    assert.match(
      stage.restore.status?.message ?? '',
      /past the target.*What the restore had made is kept in \/data\/pgdata\.of-undo/,
    );
    assert.equal(stage.database.spec.replicas, 1);
  });

  test(`undone: stopped, put back, started${how}`, () => {
    const former = { ...inPlace(), metadata: { name: 'former', namespace: 'shop', uid: 'uid-of-former' } };
    const at = { step: 'Replaying' as const, replicas: 1, aside: ASIDE };
    const done: Restore = { ...former, status: { phase: 'Completed', inPlace: at, startedAt: '2026-11-20T09:00:00Z' } };
    const stage = { ...begin(isKilled, inPlace('former')), others: [done] };
    assert.deepEqual([look(stage), stepOf(stage)], [['scale 0'], 'Stopping']);
    stage.isPodThere = false;
    const created = isKilled ? undefined : planRestore(stage.restore, worldOf(stage)).at(-1)?.object;
    if (created) assert.match(JSON.stringify(created), /"uid-of-former".*"r20261120090000".*"undo"/);
    assert.deepEqual([look(stage), stepOf(stage)], [[`create ${BACK}`], 'PuttingBack']);
    end(stage, BACK, { made: MADE });
    assert.deepEqual(look(stage), ['scale 1']);
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Completed']);
    assert.match(
      stage.restore.status?.message ?? '',
      /runs on the data of before\. What the restore had made is kept in/,
    );
  });
}

test('who scales it up meanwhile starts nothing: it is scaled to 0 again, until the job is done', () => {
  const stage = begin();
  toStopped(stage);
  look(stage);
  stage.database = { ...stage.database, spec: { ...stage.database.spec, replicas: 1 } };
  assert.deepEqual([look(stage), stepOf(stage)], [['scale 0'], 'TakingPlace']);
});

test('an old look at the status, after the job was done, stops nothing', () => {
  const stage = begin();
  toStopped(stage);
  const old = stage.restore;
  toReplaying(stage);
  stage.restore = old;
  assert.deepEqual(look(stage), []);
  assert.equal(stepOf(stage), 'Replaying');
});

test('the look fails, or there is no room: Failed, and the database was never touched', () => {
  for (const [report, isGood, free, why] of [
    [{ message: 'the target is in a gap' }, false, undefined, /^the target is in a gap; nothing was touched$/],
    [{ plan: PLAN, durationMs: 1 }, true, 1024 ** 2, /a second copy needs 259 MiB beside them; 1\.00 MiB are free/],
  ] as const) {
    const stage = begin();
    const archiver = { ...buildSidecarStatus().archiver, ...(free === undefined ? {} : { volumeFreeBytes: free }) };
    stage.answer = buildSidecarStatus({ archiver: archiver as NonNullable<SidecarStatus['archiver']> });
    look(stage);
    end(stage, LOOK, report, isGood);
    assert.deepEqual([look(stage), stepOf(stage), stage.database.spec.replicas], [[], 'Failed', 1]);
    assert.match(stage.restore.status?.message ?? '', why);
  }
});

test('in the middle, without its policy: it waits, and does not end with the database stopped', () => {
  const stage = begin();
  toStopped(stage);
  look(stage);
  const actions = planRestore(stage.restore, { ...worldOf(stage), policies: [] });
  assert.deepEqual(
    actions.map(({ verb, object }) => [verb, (object.status as RestoreStatus).phase]),
    [['apply-status', 'Fetching']],
  );
});

test('an undo goes on when the Restore that it undoes is deleted meanwhile; only planned, it does nothing', () => {
  const at = { step: 'Replaying' as const, replicas: 1, aside: ASIDE };
  const former = { ...inPlace(), metadata: { name: 'former', namespace: 'shop', uid: 'uid-of-former' } };
  const done: Restore = { ...former, status: { phase: 'Completed', inPlace: at, startedAt: '2026-11-20T09:00:00Z' } };
  const stage = { ...begin(false, inPlace('former')), others: [done] };
  look(stage);
  Object.assign(stage, { isPodThere: false, others: [] });
  const created = planRestore(stage.restore, worldOf(stage)).at(-1)?.object;
  assert.match(JSON.stringify(created), /"uid-of-former"/);
  const planned = { ...inPlace('former'), spec: { ...inPlace('former').spec, planOnly: true } };
  const idle = { ...begin(false, planned), others: [done] };
  assert.deepEqual([look(idle), stepOf(idle)], [[], 'Completed']);
});

test('two that look at the same time: the older one goes on, the other one has failed; as does one that was overtaken', () => {
  const named = (name: string, at: string): Restore => {
    const restore = inPlace();
    const status: RestoreStatus = { phase: 'Fetching', inPlace: { step: 'Looking', replicas: 1 } };
    return {
      ...restore,
      metadata: { ...restore.metadata, name, uid: `uid-of-${name}`, creationTimestamp: at },
      status,
    };
  };
  for (const [at, step] of [
    ['2026-11-21T09:00:00Z', 'Failed'],
    ['2026-11-21T11:00:00Z', 'Stopping'],
  ] as const) {
    const stage = begin();
    stage.restore.metadata = { ...stage.restore.metadata, creationTimestamp: NOW };
    look(stage);
    stage.others = [named('other', at)];
    end(stage, LOOK, { plan: PLAN, durationMs: 1 });
    look(stage);
    assert.equal(stepOf(stage), step);
  }
  const stage = begin();
  look(stage);
  stage.database = { ...stage.database, spec: { ...stage.database.spec, replicas: 2 } };
  end(stage, LOOK, { plan: PLAN, durationMs: 1 });
  assert.deepEqual([look(stage), stepOf(stage)], [[], 'Failed']);
});

test('what has failed and was not put back can be undone, from 0 replicas to as many as there were', () => {
  const at = { step: 'PuttingBack' as const, replicas: 1 };
  const former = { ...inPlace(), metadata: { name: 'former', namespace: 'shop', uid: 'uid-of-former' } };
  const failed: Restore = { ...former, status: { phase: 'Failed', inPlace: at, startedAt: '2026-11-20T09:00:00Z' } };
  const stage = { ...begin(false, inPlace('former')), others: [failed], isPodThere: false };
  stage.database = { ...stage.database, spec: { ...stage.database.spec, replicas: 0 } };
  look(stage);
  assert.deepEqual([look(stage), stepOf(stage)], [[`create ${BACK}`], 'PuttingBack']);
  end(stage, BACK, { made: MADE });
  assert.deepEqual(look(stage), ['scale 1']);
});

test('only the plan: looked, and that is all', () => {
  const stage = begin(false, { ...inPlace(), spec: { ...inPlace().spec, planOnly: true } });
  look(stage);
  end(stage, LOOK, { plan: PLAN, durationMs: 1 });
  assert.deepEqual([look(stage), stepOf(stage), stage.database.spec.replicas], [[], 'Completed', 1]);
});

test('a Postgres that cannot replay is given up when it has ended often, and the store is there', () => {
  for (const [restarts, readable, step] of [
    [5, true, 'Replaying'],
    [6, false, 'Replaying'],
    [6, true, 'PuttingBack'],
  ] as const) {
    const stage = begin();
    toReplaying(stage);
    stage.restarts = restarts;
    const storage = { checkedAt: NOW, readable, writable: readable };
    stage.answer = buildSidecarStatus({ clusterId: NEW_ID, postgres: 'down', storage });
    look(stage);
    assert.equal(stepOf(stage), step, `${restarts} ${readable}`);
  }
});

test('where the old data cannot be put back the database is left stopped, unless they are whole', () => {
  for (const [isWhole, step, replicas] of [
    [false, 'Failed', 0],
    [true, 'StartingAgain', 1],
  ] as const) {
    const stage = begin();
    toStopped(stage);
    look(stage);
    end(stage, TAKE, { message: 'no' }, false);
    look(stage);
    end(stage, BACK, { message: 'it is full', isWhole }, false);
    look(stage);
    assert.deepEqual([stepOf(stage), stage.database.spec.replicas], [step, replicas]);
    if (!isWhole)
      assert.match(
        stage.restore.status?.message ?? '',
        /it is full\. "orders" is left at 0 replicas.*To try again: walguard restore --undo undo --confirm orders/,
      );
  }
});

const OBSTACLES: Readonly<Record<string, readonly [change: (stage: Stage) => void, why: RegExp]>> = {
  'not confirmed by its name': [
    ({ restore }) => Object.assign(restore.spec.destination, { inPlace: { confirm: 'order' } }),
    /confirm is "order"; it must be the name of the StatefulSet whose data are replaced, "orders"/,
  ],
  'more than one replica': [
    ({ database }) => Object.assign(database.spec, { replicas: 3 }),
    /has 3 replicas.*Scale it to 1/,
  ],
  'scaled to zero': [({ database }) => Object.assign(database.spec, { replicas: 0 }), /has 0 replicas/],
  'another pod is meant': [
    ({ restore }) => Object.assign(restore.spec.source, { instance: 'orders-1' }),
    /has no pod "orders-1"/,
  ],
  'another one is under way': [
    (stage) => {
      const other = { ...inPlace(), metadata: { name: 'other', namespace: 'shop', uid: 'uid-of-other' } };
      stage.others = [{ ...other, status: { phase: 'Stopping', inPlace: { step: 'Stopping', replicas: 1 } } }];
    },
    /Restore "other" replaces the data of "orders" already/,
  ],
  'a dump is loaded into it': [
    (stage) => {
      const metadata = { name: 'other', namespace: 'shop', uid: 'uid-of-other' };
      stage.others = [{ ...buildLoadIntoOf({ name: 'again', of: 'shop' }), metadata, status: { phase: 'Fetching' } }];
    },
    /Restore "other" loads a dump into a server of "orders"; wait for its end/,
  ],
  'the data directory is the root of its volume': [
    ({ database }) => {
      const { containers } = database.spec.template.spec;
      for (const { volumeMounts = [] } of containers)
        for (const mount of volumeMounts)
          if (mount.name === 'data') mount.mountPath = '/var/lib/postgresql/data/pgdata';
    },
    /is the root of its volume/,
  ],
  'nothing to undo': [
    ({ restore }) => Object.assign(restore.spec.destination, { inPlace: { confirm: 'orders', undo: 'never' } }),
    /there is no Restore "never"/,
  ],
  'what is to be undone has not replaced anything': [
    (stage) => {
      Object.assign(stage.restore.spec.destination, { inPlace: { confirm: 'orders', undo: 'other' } });
      stage.others = [
        {
          ...buildRestoreOf(),
          metadata: { name: 'other', namespace: 'shop', uid: 'x' },
          status: { phase: 'Completed' },
        },
      ];
    },
    /"other" has not replaced the data of "orders", so there is nothing to undo/,
  ],
};

for (const [name, [change, why]] of Object.entries(OBSTACLES)) {
  test(`not possible, and nothing is done: ${name}`, () => {
    const stage = begin();
    change(stage);
    assert.deepEqual([look(stage), stepOf(stage)], [[], 'Failed']);
    assert.match(stage.restore.status?.message ?? '', why);
  });
}

test('its companions rest meanwhile, and those of a claim with its name do not', () => {
  const subject = buildSubject(buildDatabase());
  const claim = { ...inPlace(), spec: { ...inPlace().spec, destination: { claim: 'orders' } } };
  assert.equal(isBeingRestored(subject, buildWorld({ restores: [inPlace()] })), true);
  assert.equal(isBeingRestored(subject, buildWorld({ restores: [claim] })), false);
});

test('it is held from before the database is stopped until its end is written', () => {
  const stage = begin();
  look(stage);
  assert.ok(!isHeld(stage), 'while it looks the database runs');
  end(stage, LOOK, { plan: PLAN, durationMs: 1 });
  const verbs = planRestore(stage.restore, worldOf(stage)).map(({ verb }) => verb);
  assert.deepEqual(verbs, ['apply-status', 'hold', 'scale']);
  look(stage);
  assert.ok(isHeld(stage));
  stage.isPodThere = false;
  look(stage);
  end(stage, TAKE, { plan: PLAN, durationMs: 1, aside: ASIDE });
  look(stage);
  stage.isPodThere = true;
  stage.answer = buildSidecarStatus({ clusterId: NEW_ID, postgres: 'up', inRecovery: false });
  look(stage);
  assert.equal(stepOf(stage), 'Completed');
  look(stage);
  assert.ok(!isHeld(stage));
  assert.deepEqual(planRestore(stage.restore, worldOf(stage)), []);
});

test('deleted while it looks: nothing was touched', () => {
  const stage = begin();
  look(stage);
  remove(stage);
  end(stage, LOOK, { plan: PLAN, durationMs: 1 });
  assert.deepEqual(look(stage), []);
  assert.match(stage.restore.status?.message ?? '', /was deleted before its end; nothing was touched/);
});

test('deleted while the pod goes: it is scaled up again, no job is made', () => {
  const stage = begin();
  toStopped(stage);
  remove(stage);
  assert.deepEqual(look(stage), ['scale 1']);
  look(stage);
  assert.equal(stepOf(stage), 'Failed');
  look(stage);
  assert.ok(!isHeld(stage));
});

test('deleted while its job runs: that comes to its end, then the old data are put back', () => {
  const stage = begin();
  toStopped(stage);
  look(stage);
  remove(stage);
  assert.deepEqual(look(stage), []);
  assert.ok(isHeld(stage));
  end(stage, TAKE, { plan: PLAN, durationMs: 1, aside: ASIDE });
  assert.deepEqual(look(stage), [`create ${BACK}`]);
  end(stage, BACK, { made: MADE });
  assert.deepEqual(look(stage), ['scale 1']);
  look(stage);
  assert.match(
    stage.restore.status?.message ?? '',
    /^the Restore was deleted before its end\. The database runs on its old/,
  );
  look(stage);
  assert.ok(!isHeld(stage));
});

test('deleted while it replays: stopped, put back, started', () => {
  const stage = begin();
  toReplaying(stage);
  remove(stage);
  assert.deepEqual(look(stage), ['scale 0']);
  stage.isPodThere = false;
  assert.deepEqual(look(stage), [`create ${BACK}`]);
  end(stage, BACK, { made: MADE });
  assert.deepEqual(look(stage), ['scale 1']);
  look(stage);
  look(stage);
  assert.ok(!isHeld(stage));
});

test('deleted with its StatefulSet: nobody is waited for', () => {
  const stage = begin();
  toStopped(stage);
  remove(stage);
  const world = { ...worldOf(stage), statefulSets: [] };
  const [written] = planRestore(stage.restore, world);
  const failed = { ...stage.restore, status: written?.object.status as RestoreStatus };
  assert.equal(failed.status.phase, 'Failed');
  const actions = planRestore(failed, world).map(({ verb, object }) => [verb, object.metadata.finalizers]);
  assert.deepEqual(actions, [['hold', []]]);
});

test('an undo that is deleted before it began leaves the database as it is', () => {
  const first = begin();
  toReplaying(first);
  first.answer = buildSidecarStatus({ clusterId: NEW_ID, postgres: 'up', inRecovery: false });
  look(first);
  const stage = begin(false, inPlace(first.restore.metadata.name));
  stage.restore = { ...stage.restore, metadata: { ...stage.restore.metadata, name: 'back', uid: 'u2' } };
  stage.others = [first.restore];
  look(stage);
  assert.equal(stepOf(stage), 'Stopping');
  remove(stage);
  assert.deepEqual(look(stage), ['scale 1']);
  assert.deepEqual(stage.jobs, []);
});
