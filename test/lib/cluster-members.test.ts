// Primaries and standbys among the pods of one StatefulSet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../src/api/protected-database.ts';
import { isCovered, listMembers, newestBackups } from '../../src/lib/cluster-members.ts';

const PRIMARY: Instance = { pod: 'orders-0', clusterId: '1', inRecovery: false };
const STANDBY: Instance = { pod: 'orders-1', clusterId: '1', inRecovery: true };
const STRANGER: Instance = { pod: 'orders-2', clusterId: '2', inRecovery: false };
const UNKNOWN: Instance = { pod: 'orders-3' };

test('members are those of the same system identifier, and always the instance itself', () => {
  const all = [PRIMARY, STANDBY, STRANGER, UNKNOWN, { pod: 'orders-4' }];
  assert.deepEqual(listMembers(STANDBY, all), [PRIMARY, STANDBY]);
  assert.deepEqual(listMembers(STRANGER, all), [STRANGER]);
  assert.deepEqual(listMembers(UNKNOWN, all), [UNKNOWN]);
});

/** | in recovery | a primary of its cluster was seen | covered | */
const ROWS: readonly (readonly [name: string, instance: Instance, others: readonly Instance[], covered: boolean])[] = [
  ['a standby of a primary', STANDBY, [PRIMARY], true],
  ['a standby whose primary was not seen', STANDBY, [{ ...STANDBY, pod: 'orders-0' }], false],
  ['a standby whose primary does not answer', STANDBY, [{ pod: 'orders-0', clusterId: '1' }], false],
  ['a standby beside the primary of another cluster', STANDBY, [STRANGER], false],
  ['a primary beside a primary', PRIMARY, [{ ...PRIMARY, pod: 'orders-1' }], false],
  ['one that does not answer, beside its primary', { pod: 'orders-1', clusterId: '1' }, [PRIMARY], false],
  ['one in recovery, of no known cluster', { pod: 'orders-3', inRecovery: true }, [PRIMARY], false],
];

for (const [name, instance, others, covered] of ROWS) {
  test(`${name} is ${covered ? '' : 'not '}covered`, () => {
    assert.equal(isCovered(instance, [...others, instance]), covered);
  });
}

test('the newest backups of all members are those of the cluster', () => {
  const good = (name: string, finishedAt: string) => ({ lastSuccessfulBackup: { name, finishedAt } });
  const bad = (message: string, finishedAt: string) => ({ lastFailedBackup: { message, finishedAt } });
  const newer = '2026-11-21T09:00:00Z';
  const older = '2026-11-20T09:00:00.000Z';
  const members = [
    { ...PRIMARY, ...good('a', newer), ...bad('x', older) },
    { ...STANDBY, ...good('b', older), ...bad('y', newer) },
  ];
  assert.deepEqual(newestBackups(members), { ...good('a', newer), ...bad('y', newer) });
  assert.deepEqual(newestBackups([PRIMARY, STANDBY]), {});
});
