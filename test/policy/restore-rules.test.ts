// Each rule over a Restore, as a row of its own: what is known of the source, and what is asked.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { API_VERSION } from '../../src/api/names.ts';
import { type Instance, NOT_PROTECTED, type ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { RestoreSpec } from '../../src/api/restore.ts';
import { describeDenial, describeWarning } from '../../src/policy/denial.ts';
import { evaluate } from '../../src/policy/rule.ts';
import { RESTORE_RULES } from '../../src/policy/rules/restore.ts';
import { openGoldenFolder } from '../support/golden.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/restore-rules/');
const NOW = '2026-11-21T10:00:00.000Z';

function instance(pod = 'orders-0', cluster = '7710449571138806556', more: Partial<Instance> = {}): Instance {
  return {
    pod,
    clusterId: cluster,
    storagePrefix: `s3://backups/shop/orders/15/${cluster}`,
    firstRecoverabilityPoint: '2026-11-20T02:17:45.000Z',
    latestRestorableTime: '2026-11-21T09:59:30.000Z',
    ...more,
  };
}

function database(name: string, instances: Instance[] = [instance()], reason = 'NoDrill'): ProtectedDatabase {
  const conditions = [{ type: 'Protected', status: 'False' as const, reason, message: '', lastTransitionTime: NOW }];
  return {
    apiVersion: API_VERSION,
    kind: 'ProtectedDatabase',
    metadata: { name, namespace: 'shop' },
    status: { policy: 'standard', instances, conditions },
  };
}

interface Row {
  readonly databases?: readonly ProtectedDatabase[];
  readonly time?: string;
  readonly target?: RestoreSpec['target'];
  readonly source?: RestoreSpec['source'];
  readonly to?: string | RestoreSpec['destination'];
  /** Codes; none where it is let in without a word. */
  readonly expected: readonly string[];
}

const KNOWN = [database('orders'), database('carts')];
const LOST = [instance('orders-0', '7710449571138806556', { firstRecoverabilityPoint: undefined } as never)];
const APART = [
  instance('orders-0', '1'),
  instance('orders-1', '2', { firstRecoverabilityPoint: '2026-11-21T08:00:00.000Z' }),
];

/** WAL is missing from 08:00 to the base backup at 09:00. */
const GAP = [
  instance('orders-0', '1', {
    inventory: {
      listedAt: NOW,
      baseBackups: 2,
      fullBackups: 2,
      recoveryWindows: [
        { from: '2026-11-20T02:17:45.000Z', to: '2026-11-21T08:00:00.000Z' },
        { from: '2026-11-21T09:00:00.000Z' },
      ],
    },
  }),
];

const ROWS: Readonly<Record<string, Row>> = {
  'a dump of a database whose dumps are known': {
    databases: [database('orders', [instance('orders-0', '1', { lastDump: {} } as never)])],
    source: { database: 'orders', dump: 'latest' },
    expected: [],
  },
  'a dump of a database of which none is known': {
    source: { database: 'orders', dump: 'latest' },
    expected: ['restore-dump-unknown'],
  },
  'a dump of a database that was lost': {
    databases: [],
    source: { database: 'orders', dump: 'latest' },
    expected: [],
  },
  'a dump below a prefix that is named': {
    source: { database: 'orders', dump: 'latest', storagePrefix: 's3://backups/shop/order/15/42' },
    expected: [],
  },
  'a dump of a database without base backups': {
    databases: [
      database(
        'orders',
        LOST.map((each) => ({ ...each, lastDump: {} }) as never),
      ),
    ],
    source: { database: 'orders', dump: '20261121T020000Z-pg_dump' },
    expected: [],
  },
  'a moment in a gap': {
    databases: [database('orders', GAP)],
    time: '2026-11-21T08:30:00Z',
    expected: ['restore-target-in-gap'],
  },
  'the last moment before a gap': {
    databases: [database('orders', GAP)],
    time: '2026-11-21T08:00:00Z',
    expected: [],
  },
  'the first moment after a gap': { databases: [database('orders', GAP)], time: '2026-11-21T09:00:00Z', expected: [] },
  'before a window that has a gap': {
    databases: [database('orders', GAP)],
    time: '2026-11-20T02:17:44Z',
    expected: ['restore-target-early'],
  },
  'a time in the window': { expected: [] },
  'the very first moment': { time: '2026-11-20T02:17:45Z', expected: [] },
  'a moment before it': { time: '2026-11-20T02:17:44.999Z', expected: ['restore-target-early'] },
  'the window, in another time zone': { time: '2026-11-20T03:17:45+02:00', expected: ['restore-target-early'] },
  'later than what is archived': { time: '2026-11-21T09:59:45Z', expected: ['restore-target-late'] },
  'now, by a clock that is a little ahead': { time: '2026-11-21T10:00:59Z', expected: ['restore-target-late'] },
  'the future': { time: '2026-11-21T10:01:01Z', expected: ['restore-target-future'] },
  'the future of a database of which nothing is known': {
    databases: [database('orders', [])],
    time: '2026-11-22T00:00:00Z',
    expected: ['restore-target-future', 'restore-unverified'],
  },
  'a source that is not known': { source: { database: 'order' }, expected: ['restore-source-unknown'] },
  'a source that is gone, but its backups are known': {
    databases: [database('orders', [instance()], NOT_PROTECTED)],
    expected: [],
  },
  'nothing is known in the namespace: a lost cluster': { databases: [], expected: ['restore-unverified'] },
  'nothing is known of the database': { databases: [database('orders', [])], expected: ['restore-unverified'] },
  'a database without a status': {
    databases: [{ apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata: { name: 'orders' } }],
    expected: ['restore-unverified'],
  },
  'no base backup is known': { databases: [database('orders', LOST)], expected: ['restore-unverified'] },
  'an instance that is known': { source: { database: 'orders', instance: 'orders-0' }, expected: [] },
  'an instance that is not known': {
    source: { database: 'orders', instance: 'orders-9' },
    expected: ['restore-instance-unknown'],
  },
  'clusters that have nothing in common, and no instance': {
    databases: [database('orders', APART)],
    expected: ['restore-instance-needed'],
  },
  'the window is that of the named instance': {
    databases: [database('orders', APART)],
    source: { database: 'orders', instance: 'orders-1' },
    time: '2026-11-21T07:00:00Z',
    expected: ['restore-target-early'],
  },
  'a prefix that is named: what is known of the database is of another one': {
    source: { database: 'order', storagePrefix: 's3://backups/shop/order/15/42', instance: 'x-0' },
    time: '2020-01-01T00:00:00Z',
    expected: [],
  },
  'a claim alone': { to: { claim: 'carts' }, expected: [] },
  'a transaction': { target: { xid: '742' }, expected: [] },
  'a destination that exists': { to: 'carts', expected: ['restore-destination-taken'] },
  'a destination that was deleted': {
    databases: [database('orders'), database('carts', [], NOT_PROTECTED)],
    to: 'carts',
    expected: [],
  },
  'the source as its own destination': { to: 'orders', expected: ['restore-destination-taken'] },
  'all at once': {
    source: { database: 'order' },
    time: '2027-01-01T00:00:00Z',
    to: 'carts',
    expected: ['restore-destination-taken', 'restore-source-unknown', 'restore-target-future'],
  },
};

function judge({ databases = KNOWN, time = '2026-11-21T08:00:00Z', target, source, to }: Row) {
  const spec = {
    source: source ?? { database: 'orders' },
    ...(source?.dump === undefined ? { target: target ?? { time } } : {}),
    destination: typeof to === 'object' ? to : { statefulSet: to ?? 'orders-before' },
  };
  return evaluate(RESTORE_RULES, { spec, databases, now: NOW });
}

for (const [name, row] of Object.entries(ROWS)) {
  test(`${name}: ${row.expected.join(', ') || 'nothing is said'}`, () => {
    assert.deepEqual(
      judge(row).map(({ reason }) => reason.code),
      row.expected,
    );
  });
}

test('every rule has a row that it finds, and a file of its name', () => {
  const ids = RESTORE_RULES.map(({ id }) => id);
  assert.deepEqual(ids, [...ids].sort());
  const found = new Set(Object.values(ROWS).flatMap(({ expected }) => expected));
  assert.deepEqual(ids, [...found].sort());
  for (const id of ids) assert.ok(existsSync(new URL(`../../src/policy/rules/restore/${id}.ts`, import.meta.url)), id);
});

test('what is read: a denial with the window, or a warning', () => {
  const texts = Object.entries(ROWS).flatMap(([name, row]) => {
    const findings = judge(row);
    if (findings.length === 0) return [];
    const isDenied = findings.some(({ severity }) => severity === 'deny');
    const text = isDenied
      ? describeDenial('Restore "undo"', findings)
      : findings.map(({ reason }) => describeWarning(reason)).join('\n');
    return [`# ${name}\n${text}\n`];
  });
  golden.assert('messages.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
