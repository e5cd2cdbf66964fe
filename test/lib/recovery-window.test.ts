import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance, Inventory } from '../../src/api/protected-database.ts';
import { earliest, formatTime, intersect, latest, listWindows } from '../../src/lib/recovery-window.ts';

function instance(pod: string, cluster: string | undefined, from?: string, to?: string): Instance {
  return {
    pod,
    ...(cluster ? { clusterId: cluster, storagePrefix: `s3://backups/${cluster}` } : {}),
    ...(from ? { firstRecoverabilityPoint: `2026-11-${from}T02:00:00.000Z` } : {}),
    ...(to ? { latestRestorableTime: `2026-11-${to}T09:00:00.000Z` } : {}),
  };
}

test('the members of a cluster share a window: from the first backup of any, to what any archived last', () => {
  const windows = listWindows([
    instance('db-0', '1', '10', '15'),
    instance('db-1', '1', '12', '20'),
    instance('db-2', '1'),
  ]);
  assert.deepEqual(windows, [
    {
      pods: ['db-0', 'db-1', 'db-2'],
      from: '2026-11-10T02:00:00.000Z',
      to: '2026-11-20T09:00:00.000Z',
      stretches: [{ from: '2026-11-10T02:00:00.000Z' }],
    },
  ]);
});

test('clusters that have nothing in common have a window each', () => {
  const windows = listWindows([instance('db-0', '1', '10', '20'), instance('db-1', '2')]);
  assert.deepEqual(windows, [
    {
      pods: ['db-0'],
      from: '2026-11-10T02:00:00.000Z',
      to: '2026-11-20T09:00:00.000Z',
      stretches: [{ from: '2026-11-10T02:00:00.000Z' }],
    },
    { pods: ['db-1'], from: undefined, to: undefined, stretches: [] },
  ]);
});

test('a pod of which it is not known where it archives has none', () => {
  assert.deepEqual(listWindows([instance('db-0', undefined, '10', '20')]), []);
});

test('times are compared as times, whatever their fraction, and undefined ones do not count', () => {
  const times = ['2026-11-21T10:00:00.5Z', undefined, '2026-11-21T10:00:00Z', '2026-11-21T11:00:00+02:00'];
  assert.equal(earliest(times), '2026-11-21T11:00:00+02:00');
  assert.equal(latest(times), '2026-11-21T10:00:00.5Z');
  assert.equal(earliest([undefined]), undefined);
  assert.equal(latest([]), undefined);
});

test('a time is told in UTC, to the second where it is whole', () => {
  assert.equal(formatTime('2026-11-21T11:00:00+02:00'), '2026-11-21T09:00:00Z');
  assert.equal(formatTime('2026-11-21T09:00:00.120Z'), '2026-11-21T09:00:00.120Z');
});

const at = (day: number) => `2026-11-${day}T02:00:00.000Z`;

function listed(day: number, ...recoveryWindows: Inventory['recoveryWindows']): Pick<Instance, 'inventory'> {
  return { inventory: { listedAt: at(day), baseBackups: 3, fullBackups: 3, recoveryWindows } };
}

const stretchesOf = (...instances: Instance[]) => listWindows(instances).map(({ stretches }) => stretches);

test('what the store was listed with wins over what is known of backups that may have been pruned', () => {
  const pruned = { ...instance('db-0', '1', '10', '20'), ...listed(19, { from: at(15) }) };
  assert.deepEqual(stretchesOf(pruned), [[{ from: at(15) }]]);
  assert.equal(listWindows([pruned])[0]?.from, at(15));
});

test('the newest listing of any member counts', () => {
  const older = { ...instance('db-0', '1'), ...listed(18, { from: at(10) }) };
  const newer = { ...instance('db-1', '1'), ...listed(19, { from: at(12), to: at(14) }, { from: at(16) }) };
  assert.deepEqual(stretchesOf(older, newer), [[{ from: at(12), to: at(14) }, { from: at(16) }]]);
});

test('a base backup that was made after the listing opens a stretch where the last one had ended', () => {
  const lastSuccessfulBackup = { name: 'base_1', finishedAt: at(20) };
  const ended = { ...instance('db-0', '1'), ...listed(19, { from: at(12), to: at(14) }), lastSuccessfulBackup };
  assert.deepEqual(stretchesOf(ended), [[{ from: at(12), to: at(14) }, { from: at(20) }]]);
  const open = { ...instance('db-0', '1'), ...listed(19, { from: at(12) }), lastSuccessfulBackup };
  assert.deepEqual(stretchesOf(open), [[{ from: at(12) }]]);
  const nothing = { ...instance('db-0', '1', '10'), ...listed(21), lastSuccessfulBackup };
  assert.deepEqual(stretchesOf(nothing), [[]]);
});

test('several clusters can be restored together only when each of them can', () => {
  const first = [{ from: at(10), to: at(14) }, { from: at(16) }];
  assert.deepEqual(intersect([first, [{ from: at(12) }]]), [{ from: at(12), to: at(14) }, { from: at(16) }]);
  assert.deepEqual(intersect([first, [{ from: at(14), to: at(15) }]]), [{ from: at(14), to: at(14) }]);
  assert.deepEqual(intersect([first, []]), []);
  assert.deepEqual(intersect([first]), first);
  assert.deepEqual(intersect([]), []);
});
