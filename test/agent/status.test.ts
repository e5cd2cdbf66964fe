// What the sidecar reports: each row of the table, and why things are not as they should be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../src/agent/state.ts';
import { type ArchiveDaemon, buildStatus } from '../../src/agent/status.ts';
import { NO_CREDENTIALS } from '../../src/agent/storage.ts';

const CONTEXT = {
  policyPrefix: 's3://backups',
  namespace: 'shop',
  database: 'orders',
  pod: 'orders-0',
  pgdata: '/data',
  wanted: { channel: 'arguments', isTakeOver: false, isPatroni: false, timeoutSeconds: 60 },
} as const;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'the-key-id', AWS_SECRET_ACCESS_KEY: 'the-secret' };
const IDENTITY = { major: 15, systemIdentifier: '7710449571138806556', incarnation: undefined };
const SETTINGS = { isCommandOurs: true, timeoutSeconds: 60, isRestartPending: false };
const OBSERVED = {
  dataDirectory: '/data',
  inRecovery: false,
  archiver: { archiveMode: 'on', waiting: 0 },
  settings: SETTINGS,
};
const FAILING = { ...OBSERVED, archiver: { ...OBSERVED.archiver, lastFailedTime: '2026-11-21T08:00:00.000Z' } };
const RUNS: ArchiveDaemon = { isRunning: true, lastError: undefined };
const RUNS_NOT: ArchiveDaemon = { isRunning: false, lastError: undefined };

const ROWS: readonly (readonly [
  name: string,
  state: State,
  archive: ArchiveDaemon,
  daemon: string,
  postgres: string,
])[] = [
  ['nothing yet', {}, RUNS_NOT, 'waiting-for-data', 'down'],
  ['credentials before data', { credentials: CREDENTIALS }, RUNS_NOT, 'waiting-for-data', 'down'],
  ['data before credentials', { identity: IDENTITY }, RUNS_NOT, 'waiting-for-credentials', 'down'],
  ['both, and a daemon', { identity: IDENTITY, credentials: CREDENTIALS }, RUNS, 'running', 'down'],
  ['both, but no daemon', { identity: IDENTITY, credentials: CREDENTIALS }, RUNS_NOT, 'failing', 'down'],
  ['all', { identity: IDENTITY, credentials: CREDENTIALS, observed: OBSERVED }, RUNS, 'running', 'up'],
];

for (const [name, state, archive, daemon, postgres] of ROWS) {
  test(`status of the sidecar with ${name}: daemon ${daemon}, postgres ${postgres}`, () => {
    const status = buildStatus(CONTEXT, state, archive);
    assert.deepEqual([status.daemon, status.postgres], [daemon, postgres]);
    assert.deepEqual([status.database, status.pod], ['orders', 'orders-0']);
  });
}

test('the status says where this very cluster archives, and what Postgres says; never a credential', () => {
  const state = { identity: IDENTITY, credentials: CREDENTIALS, observed: OBSERVED, message: 'look' };
  assert.deepEqual(buildStatus(CONTEXT, state, RUNS), {
    database: 'orders',
    pod: 'orders-0',
    daemon: 'running',
    postgres: 'up',
    clusterId: '7710449571138806556',
    storagePrefix: 's3://backups/shop/orders/15/7710449571138806556',
    inRecovery: false,
    archiver: { archiveMode: 'on', waiting: 0 },
    message: 'look',
  });
});

test('what is not known is left out of the status', () => {
  assert.deepEqual(Object.keys(buildStatus(CONTEXT, {}, RUNS_NOT)), ['database', 'pod', 'daemon', 'postgres']);
});

const ready = { identity: IDENTITY, credentials: CREDENTIALS };
const said: ArchiveDaemon = { isRunning: true, lastError: 'ERROR connection refused' };
const STUCK = { segment: 'x', at: 0, broken: [], message: 'another history is in the way' };
const WHY: readonly (readonly [name: string, state: State, archive: ArchiveDaemon, message: string | undefined])[] = [
  ['no data yet', {}, RUNS_NOT, undefined],
  ['no credentials', { identity: IDENTITY }, RUNS_NOT, NO_CREDENTIALS],
  [
    'Postgres keeps its data elsewhere',
    { observed: { ...OBSERVED, dataDirectory: '/data/pg' } },
    RUNS_NOT,
    "Postgres keeps its data in /data/pg, walguard looks in /data: set PGDATA to the former in the container's own env",
  ],
  ['archiving fails', { ...ready, observed: FAILING }, said, 'ERROR connection refused'],
  ['another history in the way', { ...ready, observed: FAILING, stuck: STUCK }, said, 'another history is in the way'],
  ['another history, which is out of the way', { ...ready, observed: OBSERVED, stuck: STUCK }, said, undefined],
  [
    'an archive_command of the user that is not in force',
    { ...ready, observed: { ...OBSERVED, settings: { ...SETTINGS, overridden: '/data/postgresql.conf, line 7' } } },
    RUNS,
    "the archive_command in /data/postgresql.conf, line 7 is not in force: walguard's, given as an argument, wins",
  ],
  ['archiving failed once and works again', { ...ready, observed: OBSERVED }, said, undefined],
  [
    'a recovery that is not served',
    { ...ready, unserved: 'another database is asked for', message: 'Postgres does not answer' },
    said,
    'another database is asked for',
  ],
  [
    'trouble of its own',
    { ...ready, observed: FAILING, message: 'Postgres does not answer' },
    said,
    'Postgres does not answer',
  ],
];

for (const [name, state, archive, message] of WHY) {
  test(`why, with ${name}: ${message ?? 'nothing to say'}`, () => {
    assert.equal(buildStatus(CONTEXT, state, archive).message, message);
  });
}

test('what Postgres lacks is said beside the archiver, with what to do', () => {
  const observed = { ...OBSERVED, settings: { ...SETTINGS, isCommandOurs: false, timeoutSeconds: 0 } };
  assert.deepEqual(buildStatus(CONTEXT, { ...ready, observed }, RUNS).archiver, {
    archiveMode: 'on',
    waiting: 0,
    missingSettings: ['archive_command', 'archive_timeout'],
    settingsRemedy: 'restart the pod to take up the injected settings',
  });
});

const BACKLOG = {
  waiting: 3,
  oldest: { name: '000000010000000000000002', since: '2026-11-21T10:00:00.000Z' },
  segmentBytes: 16,
  walBytes: 160,
  volumeBytes: 1000,
  volumeFreeBytes: 500,
};

test('what the files of pg_wal show is said beside what Postgres says, and goes before it', () => {
  const wal = { backlog: BACKLOG, samples: [], secondsToFull: 900 };
  assert.deepEqual(buildStatus(CONTEXT, { ...ready, observed: OBSERVED, wal }, RUNS).archiver, {
    archiveMode: 'on',
    waiting: 3,
    waitingSince: '2026-11-21T10:00:00.000Z',
    walBytes: 160,
    volumeBytes: 1000,
    volumeFreeBytes: 500,
    secondsToFull: 900,
  });
});

test('while Postgres is down its files are there all the same, and what was let go is not forgotten', () => {
  const { oldest: _none, ...idle } = { ...BACKLOG, waiting: 0 };
  const wal = { backlog: idle, samples: [] };
  const state = { ...ready, wal, droppedAt: '2026-11-21T09:00:00.000Z', message: 'Postgres does not answer' };
  const { postgres, archiver, inRecovery } = buildStatus(CONTEXT, state, RUNS);
  assert.deepEqual([postgres, inRecovery], ['down', undefined]);
  assert.deepEqual(archiver, {
    waiting: 0,
    walBytes: 160,
    volumeBytes: 1000,
    volumeFreeBytes: 500,
    droppedAt: '2026-11-21T09:00:00.000Z',
  });
});

test('a daemon that does not stay up: the status says why, whatever Postgres says', () => {
  const why = "the engine's daemon ended 4 times in a row: code 1: ERROR no such bucket";
  const status = buildStatus(CONTEXT, { ...ready, observed: OBSERVED }, { isRunning: false, lastError: why });
  assert.deepEqual([status.daemon, status.message], ['failing', why]);
});

test('which WAL file is written is for the sidecar alone to know', () => {
  const observed = { ...OBSERVED, timeline: 1, walFile: '000000010000000000000009' };
  const status = buildStatus(CONTEXT, { ...ready, observed }, RUNS);
  assert.equal(status.timeline, 1);
  assert.doesNotMatch(JSON.stringify(status), /000000010000000000000009/);
});
