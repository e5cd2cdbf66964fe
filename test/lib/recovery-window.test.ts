import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../src/api/protected-database.ts';
import { earliest, formatTime, latest, listWindows } from '../../src/lib/recovery-window.ts';

function instance(pod: string, cluster: string | undefined, from?: string, to?: string): Instance {
  return {
    pod,
    ...(cluster ? { systemIdentifier: cluster, storagePrefix: `s3://backups/${cluster}` } : {}),
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
    { pods: ['db-0', 'db-1', 'db-2'], from: '2026-11-10T02:00:00.000Z', to: '2026-11-20T09:00:00.000Z' },
  ]);
});

test('clusters that have nothing in common have a window each', () => {
  const windows = listWindows([instance('db-0', '1', '10', '20'), instance('db-1', '2')]);
  assert.deepEqual(windows, [
    { pods: ['db-0'], from: '2026-11-10T02:00:00.000Z', to: '2026-11-20T09:00:00.000Z' },
    { pods: ['db-1'], from: undefined, to: undefined },
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
