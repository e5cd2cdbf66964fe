import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import type { Inventory } from '../../src/api/protected-database.ts';
import { readInventory } from '../../src/controller/inventories.ts';
import { SYSTEM_IDENTIFIER } from '../support/world.ts';

const at = (hour: number) => `2026-11-21T${String(hour).padStart(2, '0')}:00:00.000Z`;

function inventory(hour: number): Inventory {
  return { listedAt: at(hour), baseBackups: hour, fullBackups: hour, recoveryWindows: [{ from: at(hour) }] };
}

function finished(companion: string, report: object, exitCode = 0): Pod {
  const terminated = { exitCode, message: JSON.stringify(report), reason: 'Completed', finishedAt: at(9) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { [LABEL.companion]: companion, [LABEL.instance]: 'orders-0', 'job-name': companion } },
    spec: { containers: [] },
    status: { containerStatuses: [{ name: companion, restartCount: 0, state: { terminated } }] },
  };
}

const listing = (hour: number, ok = true) => ({ ok, clusterId: SYSTEM_IDENTIFIER, inventory: inventory(hour) });
const read = (pods: Pod[], known: { inventory?: Inventory } = {}) =>
  readInventory(pods, 'orders-0', SYSTEM_IDENTIFIER, known);

test('the newest listing counts, whichever kind of job made it', () => {
  const pods = [finished('base-backup', listing(1)), finished('verify', listing(3)), finished('prune', listing(2))];
  assert.deepEqual(read(pods), { inventory: inventory(3), firstRecoverabilityPoint: at(3) });
});

test('a verification that found something has listed the store all the same', () => {
  assert.deepEqual(read([finished('verify', listing(3, false), 1)]).inventory, inventory(3));
});

test('what is known stands until something newer comes', () => {
  assert.deepEqual(read([finished('verify', listing(3))], { inventory: inventory(5) }).inventory, inventory(5));
  assert.deepEqual(read([], { inventory: inventory(5) }).inventory, inventory(5));
  assert.deepEqual(read([]), {});
});

test('a listing of another cluster is not of this one, and a report that its exit code contradicts is none', () => {
  assert.deepEqual(read([finished('verify', { ...listing(3), clusterId: '1' })]), {});
  assert.deepEqual(read([finished('prune', listing(3), 1)]), {});
});
