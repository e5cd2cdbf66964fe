import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../src/api/kubernetes.ts';
import type { Archiver, Instance } from '../../src/api/protected-database.ts';
import { assess, type Observation } from '../../src/health/assess.ts';
import type { Terms } from '../../src/health/terms.ts';

const NOW = '2026-11-21T10:00:00Z';
const before = (seconds: number) => new Date(Date.parse(NOW) - seconds * 1000).toISOString();

const GOOD: Archiver = {
  archiveMode: 'on',
  archivedCount: 7,
  failedCount: 0,
  lastArchivedWal: '000000010000000000000007',
  lastArchivedTime: before(30),
  waiting: 0,
};

const MIB = 1024 * 1024;
const FILLING: Archiver = { waiting: 9, walBytes: 160 * MIB, volumeBytes: 1000 * MIB, volumeFreeBytes: 500 * MIB };

const OVERDUE = 2 * 86_400;
const TERMS: Terms = { archiveLateSeconds: 180, backupOverdueSeconds: OVERDUE };

const BACKED_UP = { name: 'base_000000010000000000000003', finishedAt: before(3600) };

function instance(changes: Partial<Instance> = {}): Instance {
  return { pod: 'orders-0', inRecovery: false, archiver: GOOD, lastSuccessfulBackup: BACKED_UP, ...changes };
}

function observe(...instances: Instance[]): Observation {
  return { policy: 'standard', generation: 3, instances, retired: [], terms: TERMS };
}

function conditionOf(type: string, observation: Observation, previous: readonly Condition[] = []): Condition {
  const status = assess(observation, previous, NOW);
  return status.conditions?.find((each) => each.type === type) ?? assert.fail(`no condition ${type}`);
}

interface Row {
  readonly name: string;
  readonly instance: Instance;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly says?: RegExp;
}

const { archiver: _archiver, ...unobserved } = instance();

/** Rows of the table in assess.ts, in its order, and their edges. */
const ARCHIVING: readonly Row[] = [
  { name: 'the sidecar did not answer', instance: unobserved, status: 'Unknown', reason: 'NotObserved' },
  {
    name: 'Postgres is down, and the sidecar says why',
    instance: { ...unobserved, message: 'Postgres does not answer: refused' },
    status: 'Unknown',
    reason: 'NotObserved',
    says: /orders-0: Postgres does not answer: refused/,
  },
  { name: 'in recovery', instance: instance({ inRecovery: true }), status: 'Unknown', reason: 'InRecovery' },
  {
    name: 'archive_mode is off in the running Postgres',
    instance: instance({ archiver: { ...GOOD, archiveMode: 'off' } }),
    status: 'False',
    reason: 'ArchiveModeOff',
  },
  {
    name: 'archive_mode is off, before all else',
    instance: instance({ inRecovery: true, archiver: { archiveMode: 'off' } }),
    status: 'False',
    reason: 'ArchiveModeOff',
  },
  {
    name: 'archive_mode is off, and the sidecar says what to do',
    instance: instance({
      archiver: { archiveMode: 'off', missingSettings: ['archive_mode'], settingsRemedy: 'patronictl restart x' },
    }),
    status: 'False',
    reason: 'ArchiveModeOff',
    says: /archive_mode is off in the running Postgres; patronictl restart x$/,
  },
  {
    name: 'settings are missing',
    instance: instance({
      archiver: { ...GOOD, missingSettings: ['archive_command', 'archive_timeout'], settingsRemedy: 'pass -c x=y' },
    }),
    status: 'False',
    reason: 'ArchiveSettingsMissing',
    says: /^orders-0: the running Postgres lacks walguard's archive_command and archive_timeout; pass -c x=y$/,
  },
  {
    name: 'settings are missing, before recovery and failures',
    instance: instance({
      inRecovery: true,
      archiver: { ...GOOD, lastFailedTime: before(1), missingSettings: ['archive_timeout'] },
    }),
    status: 'False',
    reason: 'ArchiveSettingsMissing',
    says: /lacks walguard's archive_timeout$/,
  },
  {
    name: 'nothing is missing',
    instance: instance({ archiver: { ...GOOD, missingSettings: [] } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'failed after the last success',
    instance: instance({
      archiver: { ...GOOD, lastFailedWal: '00000001000000000000000A', lastFailedTime: before(10) },
    }),
    status: 'False',
    reason: 'ContinuousArchivingFailing',
    says: /00000001000000000000000A could not be archived/,
  },
  {
    name: 'failed, and the sidecar says why',
    instance: instance({ archiver: { ...GOOD, lastFailedTime: before(10) }, message: 'ERROR connection refused' }),
    status: 'False',
    reason: 'ContinuousArchivingFailing',
    says: /last tried at \S+: ERROR connection refused$/,
  },
  {
    name: 'failed and never succeeded',
    instance: instance({ archiver: { archiveMode: 'on', lastFailedTime: before(10) } }),
    status: 'False',
    reason: 'ContinuousArchivingFailing',
  },
  {
    name: 'failed before the last success',
    instance: instance({ archiver: { ...GOOD, lastFailedTime: before(60) } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'nothing archived yet',
    instance: instance({ archiver: { archiveMode: 'on', waiting: 0 } }),
    status: 'Unknown',
    reason: 'NothingArchivedYet',
  },
  {
    name: 'segments wait too long',
    instance: instance({ archiver: { ...GOOD, waiting: 2, lastArchivedTime: before(181) } }),
    status: 'False',
    reason: 'ContinuousArchivingLate',
    says: /2 WAL segments wait/,
  },
  {
    name: 'segments wait, but not too long yet',
    instance: instance({ archiver: { ...GOOD, waiting: 2, lastArchivedTime: before(180) } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'each run succeeds, but the archive is slower than WAL is made',
    instance: instance({
      archiver: { ...GOOD, waiting: 1800, waitingSince: before(181), lastArchivedTime: before(1) },
    }),
    status: 'False',
    reason: 'ContinuousArchivingLate',
    says: /1800 WAL segments wait, the oldest since \S+, the last was archived at/,
  },
  {
    name: 'after a quiet day a segment waits for three minutes',
    instance: instance({
      archiver: { ...GOOD, waiting: 1, waitingSince: before(180), lastArchivedTime: before(86_400) },
    }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'the very first segment hangs',
    instance: instance({
      archiver: { archiveMode: 'on', waiting: 1, waitingSince: before(181) },
      message: 'timed out',
    }),
    status: 'False',
    reason: 'ContinuousArchivingLate',
    says: /1 WAL segments wait, the oldest since \S+: timed out$/,
  },
  {
    name: 'the volume of waiting WAL is full within the hour',
    instance: instance({ archiver: { ...GOOD, ...FILLING, waitingSince: before(40), secondsToFull: 3599 } }),
    status: 'False',
    reason: 'WalVolumeFillingUp',
    says: /orders-0: 9 WAL segments wait, the oldest since \S+, the last was archived at \S+; on their volume 500 MiB of 1000 MiB are free, full in about 60 min$/,
  },
  {
    name: 'it is full in an hour, and nothing is late yet',
    instance: instance({ archiver: { ...GOOD, ...FILLING, waitingSince: before(40), secondsToFull: 3600 } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'it is full within a day, and archiving is late and fails',
    instance: instance({
      archiver: { ...GOOD, ...FILLING, waitingSince: before(181), secondsToFull: 86_399, lastFailedTime: before(1) },
    }),
    status: 'False',
    reason: 'WalVolumeFillingUp',
  },
  {
    name: 'it is full in a day or more: archiving is merely late',
    instance: instance({ archiver: { ...GOOD, ...FILLING, waitingSince: before(181), secondsToFull: 86_400 } }),
    status: 'False',
    reason: 'ContinuousArchivingLate',
  },
  {
    name: 'less than a tenth is free, and archiving is late',
    instance: instance({
      archiver: { ...GOOD, ...FILLING, waitingSince: before(181), volumeFreeBytes: 99 * MIB },
    }),
    status: 'False',
    reason: 'WalVolumeFillingUp',
    says: /99 MiB of 1000 MiB are free$/,
  },
  {
    name: 'less than a tenth is free, and what waits has just come: other data fill it',
    instance: instance({ archiver: { ...GOOD, ...FILLING, waitingSince: before(5), volumeFreeBytes: 0 } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'nothing is free, and nothing waits',
    instance: instance({ archiver: { ...GOOD, ...FILLING, waiting: 0, volumeFreeBytes: 0 } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'Postgres is down, and its volume is full of WAL that waits',
    instance: { ...unobserved, archiver: { ...FILLING, waitingSince: before(181), volumeFreeBytes: 0 } },
    status: 'False',
    reason: 'WalVolumeFillingUp',
  },
  {
    name: 'Postgres is down, and its files are well',
    instance: { ...unobserved, message: 'does not answer', archiver: { ...FILLING, waitingSince: before(1) } },
    status: 'Unknown',
    reason: 'NotObserved',
    says: /does not answer/,
  },
  {
    name: 'WAL was let go, before all else',
    instance: instance({ archiver: { ...GOOD, archiveMode: 'off', droppedAt: before(60) } }),
    status: 'False',
    reason: 'WalDropped',
    says: /^orders-0: WAL was let go until \S+, .*; nothing after that can be restored before the next base backup$/,
  },
  {
    name: 'nothing waits: an idle database is not late',
    instance: instance({ archiver: { ...GOOD, waiting: 0, lastArchivedTime: before(86_400) } }),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
  },
  {
    name: 'archived',
    instance: instance(),
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
    says: /000000010000000000000007 archived/,
  },
];

for (const row of ARCHIVING) {
  test(`ContinuousArchiving is ${row.status} where ${row.name}`, () => {
    const { status, reason, message } = conditionOf('ContinuousArchiving', observe(row.instance));
    assert.deepEqual([status, reason], [row.status, row.reason]);
    assert.match(message, /^orders-0: ./);
    if (row.says) assert.match(message, row.says);
  });
}

const { lastSuccessfulBackup: _backup, ...never } = instance();

const BACKUP: readonly Row[] = [
  { name: 'there was none', instance: never, status: 'Unknown', reason: 'NoBackupYet' },
  { name: 'one succeeded', instance: instance(), status: 'True', reason: 'LastBackupSucceeded', says: /base_0000/ },
  {
    name: 'only failures',
    instance: { ...never, lastFailedBackup: { finishedAt: before(60), message: 'no space' } },
    status: 'False',
    reason: 'LastBackupFailed',
    says: /no space/,
  },
  {
    name: 'one failed after a success',
    instance: instance({ lastFailedBackup: { finishedAt: before(60), message: 'no space' } }),
    status: 'False',
    reason: 'LastBackupFailed',
  },
  {
    name: 'one succeeded after a failure',
    instance: instance({ lastFailedBackup: { finishedAt: before(7200), message: 'no space' } }),
    status: 'True',
    reason: 'LastBackupSucceeded',
  },
  {
    name: 'the last one is older than the schedule allows',
    instance: instance({ lastSuccessfulBackup: { ...BACKED_UP, finishedAt: before(OVERDUE + 1) } }),
    status: 'False',
    reason: 'BackupOverdue',
    says: /finished at 2026-11-19T.*: base_0000/,
  },
  {
    name: 'the last one is just young enough',
    instance: instance({ lastSuccessfulBackup: { ...BACKED_UP, finishedAt: before(OVERDUE) } }),
    status: 'True',
    reason: 'LastBackupSucceeded',
  },
];

for (const row of BACKUP) {
  test(`LastBackupSucceeded is ${row.status} where ${row.name}`, () => {
    const { status, reason, message } = conditionOf('LastBackupSucceeded', observe(row.instance));
    assert.deepEqual([status, reason], [row.status, row.reason]);
    if (row.says) assert.match(message, row.says);
  });
}

test('the worst instance decides: False before Unknown before True', () => {
  const good = instance();
  const unknown = { ...unobserved, pod: 'orders-1' };
  const bad = instance({ pod: 'orders-2', archiver: { ...GOOD, archiveMode: 'off' } });
  const statusOf = (...instances: Instance[]) => conditionOf('ContinuousArchiving', observe(...instances)).status;
  assert.equal(statusOf(good, good), 'True');
  assert.equal(statusOf(good, unknown), 'Unknown');
  assert.equal(statusOf(good, unknown, bad), 'False');
  assert.equal(statusOf(bad, unknown, good), 'False');
  assert.match(conditionOf('ContinuousArchiving', observe(good, unknown, bad)).message, /^orders-2: /);
});

test('without any instance nothing is known, and that is not healthy', () => {
  assert.equal(conditionOf('ContinuousArchiving', observe()).status, 'Unknown');
  assert.equal(conditionOf('Protected', observe()).status, 'False');
});

test('nothing is Protected without archiving, without a backup, or without a drill, and it says which', () => {
  const reasonOf = (each: Instance) => conditionOf('Protected', observe(each)).reason;
  assert.equal(reasonOf(unobserved), 'NotArchiving');
  assert.equal(reasonOf(never), 'NoGoodBackup');
  assert.equal(reasonOf(instance()), 'NoDrill');
  for (const each of [unobserved, never, instance()]) {
    assert.equal(conditionOf('Protected', observe(each)).status, 'False');
  }
});

test('a transition time is kept while the status stays, also when reason and message change', () => {
  const earlier = '2026-11-01T00:00:00Z';
  const previous: Condition = {
    type: 'ContinuousArchiving',
    status: 'False',
    reason: 'ContinuousArchivingFailing',
    message: 'old',
    lastTransitionTime: earlier,
  };
  const off = observe(instance({ archiver: { ...GOOD, archiveMode: 'off' } }));
  const kept = conditionOf('ContinuousArchiving', off, [previous]);
  assert.equal(kept.lastTransitionTime, earlier);
  assert.equal(kept.reason, 'ArchiveModeOff');
  assert.equal(conditionOf('ContinuousArchiving', observe(instance()), [previous]).lastTransitionTime, NOW);
  assert.equal(conditionOf('LastBackupSucceeded', off, [previous]).lastTransitionTime, NOW);
});

test('the newest backup and the newest archived segment of all instances are reported', () => {
  const older = instance({
    lastSuccessfulBackup: { name: 'a', finishedAt: before(9000) },
    archiver: { ...GOOD, lastArchivedTime: before(900) },
  });
  const status = assess(observe(older, instance({ pod: 'orders-1' }), { ...never, pod: 'orders-2' }), [], NOW);
  assert.equal(status.lastSuccessfulBackup, BACKED_UP.finishedAt);
  assert.equal(status.lastArchivedWalTime, GOOD.lastArchivedTime);
  assert.equal(status.policy, 'standard');
  assert.equal(status.observedGeneration, 3);
  assert.equal(status.instances?.length, 3);
});

// | clusters of the pods there are | window of the database |

const cluster = (id: string, from?: string, to?: string): Partial<Instance> => ({
  clusterId: id,
  storagePrefix: `s3://backups/${id}`,
  ...(from ? { firstRecoverabilityPoint: from } : {}),
  ...(to ? { latestRestorableTime: to } : {}),
});
const [EARLY, LATE, LAST] = [before(7200), before(3600), before(30)];

const WINDOWS: Readonly<Record<string, readonly [Observation, readonly (string | undefined)[]]>> = {
  'one cluster, and standbys': [
    observe(instance(cluster('1', LATE, LAST)), instance({ pod: 'orders-1', ...cluster('1', EARLY) })),
    [EARLY, LAST],
  ],
  'two clusters: when both can be restored': [
    observe(instance(cluster('1', EARLY, LAST)), instance({ pod: 'orders-1', ...cluster('2', LATE, LATE) })),
    [LATE, LATE],
  ],
  'two clusters, one without a base backup': [
    observe(instance(cluster('1', EARLY, LAST)), instance({ pod: 'orders-1', ...cluster('2') })),
    [undefined, undefined],
  ],
  'a pod of which nothing is known yet': [
    observe(instance(cluster('1', EARLY, LAST)), instance({ pod: 'orders-1' })),
    [EARLY, LAST],
  ],
  'a member that was scaled away': [
    { ...observe(instance(cluster('1', LATE, LAST))), retired: [{ pod: 'orders-1', ...cluster('1', EARLY) }] },
    [EARLY, LAST],
  ],
  'another cluster that was scaled away': [
    { ...observe(instance(cluster('1', EARLY, LAST))), retired: [{ pod: 'orders-1', ...cluster('2', LATE, LATE) }] },
    [EARLY, LAST],
  ],
  'no pod': [observe(), [undefined, undefined]],
};

for (const [name, [observation, expected]] of Object.entries(WINDOWS)) {
  test(`from when to when it can be restored: ${name}`, () => {
    const { firstRecoverabilityPoint, latestRestorableTime } = assess(observation, [], NOW);
    assert.deepEqual([firstRecoverabilityPoint, latestRestorableTime], expected);
  });
}

test('what was never seen is left out, not made up', () => {
  const status = assess(observe({ pod: 'orders-0' }), [], NOW);
  assert.equal('lastSuccessfulBackup' in status, false);
  assert.equal('lastArchivedWalTime' in status, false);
});

test('a pod that was scaled away is kept in the status and not judged', () => {
  const retired = instance({ pod: 'orders-1', archiver: { ...GOOD, lastFailedTime: before(1), lastFailedWal: 'x' } });
  const observation = { ...observe(instance()), retired: [retired] };
  assert.equal(conditionOf('ContinuousArchiving', observation).status, 'True');
  assert.deepEqual(
    assess(observation, [], NOW).instances?.map(({ pod }) => pod),
    ['orders-0', 'orders-1'],
  );
});

// Clusters of several pods.

const PRIMARY = instance({ clusterId: '1' });
const STANDBY: Instance = {
  pod: 'orders-1',
  clusterId: '1',
  inRecovery: true,
  archiver: { archiveMode: 'on' },
};

test('a standby that would archive nothing as the next primary is told of, before it is one', () => {
  const off = observe(PRIMARY, { ...STANDBY, archiver: { archiveMode: 'off', settingsRemedy: 'restart it' } });
  const { status, reason, message } = conditionOf('ContinuousArchiving', off);
  assert.deepEqual([status, reason], ['False', 'ArchiveModeOff']);
  assert.match(message, /^orders-1: archive_mode is off in the running Postgres; restart it/);
  const lacking: Instance = { ...STANDBY, archiver: { archiveMode: 'on', missingSettings: ['archive_command'] } };
  assert.equal(conditionOf('ContinuousArchiving', observe(PRIMARY, lacking)).reason, 'ArchiveSettingsMissing');
});

test('a standby of a primary that was seen is not judged by what it archives, nor by having no backup', () => {
  const observation = observe(PRIMARY, STANDBY);
  assert.equal(conditionOf('ContinuousArchiving', observation).status, 'True');
  assert.equal(conditionOf('LastBackupSucceeded', observation).status, 'True');
  assert.equal(assess(observation, [], NOW).instances?.length, 2, 'but it is listed');
});

test('a standby whose primary was not seen is judged', () => {
  const alone = { ...STANDBY, archiver: GOOD };
  const conditions = [observe(alone), observe({ pod: 'orders-0', clusterId: '1' }, alone)];
  for (const each of conditions) assert.equal(conditionOf('ContinuousArchiving', each).status, 'Unknown');
  const stranger = observe(instance({ clusterId: '2' }), alone);
  assert.equal(conditionOf('ContinuousArchiving', stranger).reason, 'InRecovery');
});

const { lastSuccessfulBackup: _theirs, ...promoted } = instance({ pod: 'orders-1', clusterId: '1' });
const failed = { finishedAt: before(60), message: 'no space' };

/** | the old primary's backups | it is | LastBackupSucceeded of the new one | */
const FAILOVERS: readonly (readonly [name: string, observation: Observation, reason: string])[] = [
  [
    'the old primary, now a standby, made one',
    observe({ ...PRIMARY, inRecovery: true }, promoted),
    'LastBackupSucceeded',
  ],
  ['the old primary, scaled away, made one', { ...observe(promoted), retired: [PRIMARY] }, 'LastBackupSucceeded'],
  ['the old primary made none', observe({ ...STANDBY, pod: 'orders-0' }, promoted), 'NoBackupYet'],
  [
    "the old primary's last one failed",
    observe({ ...PRIMARY, inRecovery: true, lastFailedBackup: failed }, promoted),
    'LastBackupFailed',
  ],
  [
    'a pod of another cluster made one',
    { ...observe(promoted), retired: [{ ...PRIMARY, clusterId: '2' }] },
    'NoBackupYet',
  ],
];

for (const [name, observation, reason] of FAILOVERS) {
  test(`after a failover, where ${name}: ${reason}`, () => {
    assert.equal(conditionOf('LastBackupSucceeded', observation).reason, reason);
  });
}

const typesOf = (observation: Observation) => assess(observation, [], NOW).conditions?.map(({ type }) => type);

test('verifications and dumps have a condition where the policy asks for them, and only there', () => {
  const always = ['Protected', 'ContinuousArchiving', 'LastBackupSucceeded', 'StorageReachable'];
  assert.deepEqual(typesOf(observe(instance())), always);
  const asking = {
    ...observe(instance()),
    terms: { ...TERMS, verificationOverdueSeconds: null, dumpOverdueSeconds: 60 },
  };
  assert.deepEqual(typesOf(asking), [
    ...always.slice(0, 3),
    'WALIntegrityCheckPassed',
    'LastDumpSucceeded',
    'StorageReachable',
  ]);
  assert.equal(conditionOf('LastDumpSucceeded', asking).reason, 'NoDumpYet');
});

test('nothing is protected whose backups were not verified, where the policy asks for it', () => {
  const terms = { ...TERMS, verificationOverdueSeconds: 7200 };
  const passed = { finishedAt: before(60), result: 'passed' as const, findings: [] };
  const reasonOf = (changes: Partial<Instance>) =>
    conditionOf('Protected', { ...observe(instance(changes)), terms }).reason;
  assert.equal(reasonOf({}), 'NotVerified');
  assert.equal(
    reasonOf({ lastVerification: { ...passed, result: 'failed', findings: [{ code: 'wal-gap', message: '' }] } }),
    'NotVerified',
  );
  assert.equal(reasonOf({ lastVerification: { ...passed, finishedAt: before(7201) } }), 'NotVerified');
  assert.equal(reasonOf({ lastVerification: passed }), 'NoDrill');
});

test('a standby that cannot reach the store is said, though it archives nothing', () => {
  const storage = { checkedAt: before(10), readable: true, writable: true };
  const standby = instance({ pod: 'orders-1', inRecovery: true, clusterId: '1' });
  const primary = instance({ clusterId: '1', storage });
  assert.equal(conditionOf('StorageReachable', observe(primary, { ...standby, storage })).status, 'True');
  const cut = { ...standby, storage: { ...storage, writable: false } };
  const { status, message } = conditionOf('StorageReachable', observe(primary, cut));
  assert.equal(status, 'False');
  assert.match(message, /^orders-1: /);
});

test('an idle database is overdue where the policy says after what time, and only there', () => {
  const idle = instance({ archiver: { ...GOOD, lastArchivedTime: before(3601) } });
  const withAlert = (walOverdueSeconds: number) => ({ ...observe(idle), terms: { ...TERMS, walOverdueSeconds } });
  assert.equal(conditionOf('ContinuousArchiving', observe(idle)).status, 'True');
  assert.equal(conditionOf('ContinuousArchiving', withAlert(3601)).status, 'True');
  const { status, reason, message } = conditionOf('ContinuousArchiving', withAlert(3600));
  assert.deepEqual([status, reason], ['False', 'WalOverdue']);
  assert.match(message, /^orders-0: WAL was archived last at 2026-11-21T08:59:59/);
});
