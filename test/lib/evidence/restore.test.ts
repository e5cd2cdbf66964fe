// What the record of a restore says, by how it went.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidencePhase, EvidenceRecord } from '../../../src/api/evidence.ts';
import { REQUESTED_BY_ANNOTATION } from '../../../src/api/names.ts';
import type { Restore, RestoreSpec, RestoreStatus } from '../../../src/api/restore.ts';
import { describeRestore, type RestoredSource } from '../../../src/lib/evidence/restore.ts';
import { findShapeProblem } from '../../../src/lib/evidence/shape.ts';
import { buildRestoreOf, TARGET_TIME } from '../../support/subjects.ts';

const AT = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:00.000Z`;
const PLAN = { baseBackup: 'base_1', target: TARGET_TIME, fetchBytes: 2048, dataBytes: 4096 };
const DUMP = { name: 'd1', startedAt: AT(0), bytes: 512, dataBytes: 9, databases: 1, tables: 3, rows: 70 };
const SOURCE: RestoredSource = {
  instance: 'orders-0',
  storagePrefix: 's3://backups/shop/orders/15/7710543307137138721',
  policy: 'standard',
  image: 'postgres:15',
  objectives: { rtoSeconds: 900, rpoSeconds: 300 },
};

type Phases = NonNullable<RestoreStatus['phases']>;
const phases = (...names: Phases[number]['phase'][]): Phases =>
  names.map((phase, index) => ({ phase, startedAt: AT(10 + 5 * index) }));

/** What was replayed is in the plan. */
test('sizes: of the fetch, and of the WAL that was to be replayed', () => {
  const plan = { ...PLAN, walBytes: 512 };
  const { phases: told } = describe({}, { ...DONE, plan, phases: phases('Fetching', 'Replaying') });
  assert.deepEqual(
    told.map(({ name, bytes }) => [name, bytes]),
    [
      ['fetch', 2048],
      ['replay', 512],
    ],
  );
});

function describe(spec: Partial<RestoreSpec>, status: RestoreStatus, source = SOURCE) {
  const restore: Restore = buildRestoreOf();
  const whole = { ...restore, spec: { ...restore.spec, ...spec }, status: { startedAt: AT(10), ...status } };
  const facts = describeRestore(whole, source, AT(59));
  const versions = { walguard: '0.1.0', engine: 'walrus 1', ...facts.versions };
  const record = { ...facts, what: 'restore' as const, id: '20261121T101342Z-orders-0-undo', versions };
  assert.equal(findShapeProblem(JSON.parse(JSON.stringify(record))), undefined);
  return facts;
}

const DONE = { phase: 'Completed' as const, completedAt: AT(20), plan: PLAN, baseBackup: 'base_1' };

test('a restore into a new StatefulSet, to a time', () => {
  assert.deepEqual(
    describe(
      {},
      {
        ...DONE,
        message: 'it is promoted',
        note: 'mind',
        lastReplayedTime: AT(5),
        phases: phases('Fetching', 'Replaying'),
      },
    ),
    {
      apiVersion: 'walguard.dev/v1alpha1',
      kind: 'Evidence',
      name: 'undo',
      requestedBy: 'unknown',
      restore: { uid: 'uid-of-undo', destination: 'StatefulSet "orders-before"' },
      database: {
        namespace: 'shop',
        name: 'orders',
        instance: 'orders-0',
        systemIdentifier: '7710543307137138721',
        storagePrefix: SOURCE.storagePrefix,
      },
      policy: 'standard',
      target: { asked: TARGET_TIME, resolved: { time: TARGET_TIME } },
      outcome: 'passed',
      message: 'it is promoted; mind',
      startedAt: AT(10),
      finishedAt: AT(20),
      phases: [
        { name: 'fetch', startedAt: AT(10), seconds: 300, bytes: 2048 },
        { name: 'replay', startedAt: AT(15), seconds: 300 },
      ],
      recovery: { baseBackup: 'base_1', lastTransactionAt: AT(5), rtoSeconds: 600 },
      objectives: { rtoSeconds: 900 },
      checks: [],
      versions: { postgres: '15', image: 'postgres:15' },
    },
  );
});

interface Row {
  readonly spec: Partial<RestoreSpec>;
  readonly status: RestoreStatus;
  readonly recovery: EvidenceRecord['recovery'];
  readonly phases: readonly string[];
  readonly target?: EvidenceRecord['target'];
}

const IN_PLACE = { destination: { inPlace: { confirm: 'orders' } } };
const LATEST = { target: { latest: true as const } };
const LOAD: Partial<RestoreSpec> = {
  source: { database: 'orders', dump: 'latest' },
  target: undefined as never,
};

// describeRecovery and listPhases: | what came to its end | base backup | took writes |
const ROWS: Readonly<Record<string, Row>> = {
  'a claim alone': {
    spec: { destination: { claim: 'new' } },
    status: { ...DONE, phases: phases('Fetching') },
    recovery: { baseBackup: 'base_1' },
    phases: ['fetch 600'],
  },
  'one that is not started': {
    spec: { autoStart: false },
    status: { ...DONE, phases: phases('Fetching', 'Replaying') },
    recovery: { baseBackup: 'base_1' },
    phases: ['fetch 300'],
  },
  'the latest': {
    spec: LATEST,
    status: { ...DONE, plan: { ...PLAN, target: 'the end of the archived WAL' }, lastReplayedTime: AT(9) },
    recovery: { baseBackup: 'base_1', lastTransactionAt: AT(9), rtoSeconds: 600, achievedRpoSeconds: 60 },
    phases: [],
    target: { asked: 'the end of the archived WAL', resolved: { latest: true } },
  },
  'a time behind all that is archived': {
    spec: {},
    status: { ...DONE, plan: { ...PLAN, target: 'the end of the archived WAL' } },
    recovery: { baseBackup: 'base_1', rtoSeconds: 600 },
    phases: [],
    target: { asked: TARGET_TIME, resolved: { latest: true } },
  },
  'in place': {
    spec: IN_PLACE,
    status: { ...DONE, phases: phases('Fetching', 'Stopping', 'Fetching', 'Replaying'), completedAt: AT(30) },
    recovery: { baseBackup: 'base_1', rtoSeconds: 1200 },
    phases: ['look 300', 'stop 300', 'fetch 300', 'replay 300'],
  },
  'in place, and put back': {
    spec: IN_PLACE,
    status: {
      ...DONE,
      phase: 'Failed',
      phases: phases('Fetching', 'Stopping', 'Fetching', 'PuttingBack'),
      completedAt: AT(30),
    },
    recovery: { baseBackup: 'base_1' },
    phases: ['look 300', 'stop 300', 'fetch 300', 'put-back 300'],
  },
  'an undo': {
    spec: { ...LATEST, destination: { inPlace: { confirm: 'orders', undo: 'before' } } },
    status: { phase: 'Completed', completedAt: AT(20), phases: phases('Stopping', 'PuttingBack') },
    recovery: undefined,
    phases: ['stop 300', 'put-back 300'],
    target: { asked: 'what was there before Restore "before"', resolved: {} },
  },
  'a dump': {
    spec: LOAD,
    status: { phase: 'Completed', completedAt: AT(20), dump: DUMP, phases: phases('Fetching', 'Starting') },
    recovery: { baseBackup: 'd1', lastTransactionAt: AT(0), rtoSeconds: 600, achievedRpoSeconds: 600 },
    phases: ['load 300', 'start 300'],
    target: { asked: 'dump latest', resolved: {} },
  },
  'failed before there was a plan': {
    spec: {},
    status: { phase: 'Failed', completedAt: AT(10) },
    recovery: undefined,
    phases: [],
  },
  'failed while it fetched': {
    spec: {},
    status: { phase: 'Failed', completedAt: AT(12), plan: PLAN, phases: phases('Fetching') },
    recovery: { baseBackup: 'base_1' },
    phases: ['fetch 120'],
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  test(`recovery and phases: ${name}`, () => {
    const facts = describe(row.spec, row.status);
    assert.deepEqual(facts.recovery, row.recovery);
    assert.deepEqual(
      facts.phases.map((phase: EvidencePhase) => `${phase.name} ${phase.seconds}`),
      row.phases,
    );
    if (row.target) assert.deepEqual(facts.target, row.target);
    assert.equal(facts.outcome, row.status.phase === 'Completed' ? 'passed' : 'failed');
  });
}

test('what was not read to its end has no size', () => {
  for (const name of ['failed while it fetched', 'in place, and put back']) {
    const { spec, status } = ROWS[name] ?? assert.fail(name);
    assert.deepEqual(
      describe(spec, status).phases.flatMap(({ bytes }) => bytes ?? []),
      [],
    );
  }
});

test('the objective of data lost is held against what was to be the latest only', () => {
  assert.deepEqual(describe(LATEST, DONE).objectives, SOURCE.objectives);
  assert.deepEqual(describe({}, DONE).objectives, { rtoSeconds: 900 });
  assert.deepEqual(describe({}, DONE, { ...SOURCE, objectives: {} }).objectives, {});
});

test('of a dump the rows were compared, once it was loaded', () => {
  const status: RestoreStatus = { phase: 'Completed', completedAt: AT(20), dump: DUMP };
  assert.deepEqual(describe(LOAD, status).checks, []);
  const [check] = describe(LOAD, { ...status, fetchedAt: AT(15) }).checks;
  assert.deepEqual([check?.result, check?.expected], ['passed', '70 rows in 3 tables']);
});

test('who asked is whom the annotation names', () => {
  const restore = buildRestoreOf();
  restore.metadata.annotations = { [REQUESTED_BY_ANNOTATION]: 'alice@example.org' };
  assert.equal(describeRestore(restore, SOURCE, AT(59)).requestedBy, 'alice@example.org');
});

test('where it ended before a cluster was found in the folder that was named, that is all that is told', () => {
  const storagePrefix = 's3://backups/shop/orders';
  const { database, versions } = describe({}, { phase: 'Failed' }, { ...SOURCE, storagePrefix });
  assert.deepEqual([database.systemIdentifier, database.storagePrefix], ['', storagePrefix]);
  assert.equal(versions.postgres, undefined);
});

test('where nothing is known of the source, nothing is said of it', () => {
  const { database, versions } = describe({}, { phase: 'Failed' }, { ...SOURCE, storagePrefix: '', image: '' });
  assert.deepEqual([database.systemIdentifier, database.storagePrefix], ['', '']);
  assert.deepEqual(versions, {});
});
