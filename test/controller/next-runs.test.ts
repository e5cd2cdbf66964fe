import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import { listNextRuns } from '../../src/controller/next-runs.ts';

const NOW = '2026-11-21T10:00:00.000Z';
const ORDERS = { namespace: 'shop', name: 'orders' };

function cronJob(companion: string, spec: object, database = 'orders', namespace = 'shop'): KubeObject {
  const labels = { [LABEL.companion]: companion, [LABEL.database]: database };
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: companion, namespace, labels }, spec };
}

test('the next run of each companion, in its own time zone, and the earliest of several pods', () => {
  const companions = [
    cronJob('base-backup', { schedule: '0 2 * * *', timeZone: 'Europe/Berlin' }),
    cronJob('base-backup', { schedule: '30 0 * * *' }),
    cronJob('verify', { schedule: '0 * * * *', timeZone: 'Etc/UTC' }),
    cronJob('dump', { schedule: '0 2 * * 0', timeZone: 'Etc/UTC' }),
  ];
  assert.deepEqual(listNextRuns(companions, ORDERS, NOW), {
    baseBackup: '2026-11-22T00:30:00.000Z',
    verify: '2026-11-21T11:00:00.000Z',
    dump: '2026-11-22T02:00:00.000Z',
  });
});

test('what is suspended, never due, or of another database does not count; of none nothing is said', () => {
  const hourly = { schedule: '0 * * * *' };
  const companions = [
    cronJob('base-backup', { ...hourly, suspend: true }),
    cronJob('verify', { schedule: '0 0 30 2 *' }),
    cronJob('dump', hourly, 'carts'),
    cronJob('dump', hourly, 'orders', 'other'),
    cronJob('restore', hourly),
    { ...cronJob('dump', hourly), kind: 'Service' },
    cronJob('prune', { schedule: '@every 1h' }),
    cronJob('prune', { schedule: 'nonsense' }),
  ];
  assert.equal(listNextRuns(companions, ORDERS, NOW), undefined);
});
