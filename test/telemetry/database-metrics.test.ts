import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { API_VERSION } from '../../src/api/names.ts';
import type { ProtectedDatabase, ProtectedDatabaseStatus } from '../../src/api/protected-database.ts';
import { createDatabaseMetrics } from '../../src/telemetry/database-metrics.ts';

const NOON = '2026-11-21T12:00:00.000Z';
const SECONDS = Date.parse(NOON) / 1000;

function database(name: string, status?: ProtectedDatabaseStatus): ProtectedDatabase {
  const metadata = { name, namespace: 'shop' };
  return { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata, ...(status ? { status } : {}) };
}

const STATUS: ProtectedDatabaseStatus = {
  conditions: [{ type: 'ContinuousArchiving', status: 'False', reason: 'Late', message: '', lastTransitionTime: NOON }],
  firstRecoverabilityPoint: NOON,
  recoveryWindows: [{ from: NOON, to: NOON }, { from: NOON }],
  lastSuccessfulBackup: NOON,
  nextRuns: { baseBackup: NOON },
  instances: [
    {
      pod: 'orders-0',
      lastFailedBackup: { finishedAt: NOON, message: 'no space' },
      inventory: { listedAt: NOON, baseBackups: 3, fullBackups: 2, backupBytes: 4096, recoveryWindows: [] },
      lastVerification: { finishedAt: NOON, result: 'failed', findings: [{ code: 'wal-gap', message: '' }] },
      storage: { checkedAt: NOON, readable: true, writable: false },
    },
  ],
};

async function scrape(list: () => readonly ProtectedDatabase[]): Promise<string[]> {
  const registry = new Registry();
  createDatabaseMetrics(registry).watchDatabases(list);
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.replaceAll('namespace="shop",database="orders"', 'orders'));
}

test('the status of a database as gauges, in the names of the field', async () => {
  assert.deepEqual(await scrape(() => [database('orders', STATUS)]), [
    `walguard_database_first_recoverability_point{orders} ${SECONDS}`,
    'walguard_database_recovery_windows{orders} 2',
    `walguard_database_last_available_backup_timestamp{orders} ${SECONDS}`,
    `walguard_database_last_failed_backup_timestamp{orders,instance="orders-0"} ${SECONDS}`,
    'walguard_database_base_backups{orders,instance="orders-0"} 3',
    'walguard_database_base_backups_bytes{orders,instance="orders-0"} 4096',
    `walguard_database_last_verification_timestamp{orders,instance="orders-0"} ${SECONDS}`,
    'walguard_database_verification_findings{orders,instance="orders-0"} 1',
    'walguard_database_storage_readable{orders,instance="orders-0"} 1',
    'walguard_database_storage_writable{orders,instance="orders-0"} 0',
    'walguard_database_condition{orders,condition="ContinuousArchiving",status="true"} 0',
    'walguard_database_condition{orders,condition="ContinuousArchiving",status="false"} 1',
    'walguard_database_condition{orders,condition="ContinuousArchiving",status="unknown"} 0',
    `walguard_database_next_run_timestamp{orders,companion="baseBackup"} ${SECONDS}`,
  ]);
});

test('what is not known has no series, and what is gone is gone at the next scrape', async () => {
  const lines = await scrape(() => [database('orders'), database('carts', {})]);
  assert.deepEqual(lines, ['walguard_database_recovery_windows{namespace="shop",database="carts"} 0']);
  const registry = new Registry();
  let databases = [database('orders', STATUS)];
  createDatabaseMetrics(registry).watchDatabases(() => databases);
  assert.match(await registry.metrics(), /orders/);
  databases = [];
  assert.doesNotMatch(await registry.metrics(), /orders/);
});

test('drills in the names of the field, of the pod of a cluster that ran them last', async () => {
  const drill = (name: string, finishedAt: string, result: 'passed' | 'failed' | 'unknown', more = {}) => ({
    name,
    finishedAt,
    result,
    message: '',
    ...more,
  });
  const later = '2026-11-21T12:00:01.000Z';
  const measured = { rtoSeconds: 42, achievedRpoSeconds: 3.5 };
  const lines = await scrape(() => [
    database('orders', {
      lastSuccessfulDrill: NOON,
      instances: [
        { pod: 'orders-0', clusterId: '7', lastDrills: [drill('weekly', NOON, 'failed', { rtoSeconds: 9 })] },
        { pod: 'orders-1', clusterId: '7', lastDrills: [drill('weekly', later, 'passed', measured)] },
        { pod: 'orders-2', clusterId: '8', lastDrills: [drill('monthly', NOON, 'unknown')] },
      ],
    }),
  ]);
  assert.deepEqual(
    lines.filter((line) => line.includes('drill')),
    [
      `walguard_database_last_successful_drill_timestamp{orders} ${SECONDS}`,
      `walguard_database_last_drill_timestamp{orders,instance="orders-1",drill="weekly"} ${SECONDS + 1}`,
      `walguard_database_last_drill_timestamp{orders,instance="orders-2",drill="monthly"} ${SECONDS}`,
      'walguard_database_drill_restore_seconds{orders,instance="orders-1",drill="weekly"} 42',
      'walguard_database_drill_achieved_rpo_seconds{orders,instance="orders-1",drill="weekly"} 3.5',
      'walguard_database_drill_result{orders,instance="orders-1",drill="weekly",result="passed"} 1',
      'walguard_database_drill_result{orders,instance="orders-1",drill="weekly",result="failed"} 0',
      'walguard_database_drill_result{orders,instance="orders-1",drill="weekly",result="unknown"} 0',
      'walguard_database_drill_result{orders,instance="orders-2",drill="monthly",result="passed"} 0',
      'walguard_database_drill_result{orders,instance="orders-2",drill="monthly",result="failed"} 0',
      'walguard_database_drill_result{orders,instance="orders-2",drill="monthly",result="unknown"} 1',
    ],
  );
});
