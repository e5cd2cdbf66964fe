import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../src/api/protected-database.ts';
import { assessVerification } from '../../src/health/assess-verification.ts';

const NOW = '2026-11-21T12:00:00.000Z';
const DAY = 86_400;
const ago = (hours: number) => new Date(Date.parse(NOW) - hours * 3_600_000).toISOString();

const passed = (hours: number): Partial<Instance> => ({
  lastVerification: { finishedAt: ago(hours), job: 'job', result: 'passed', findings: [] },
});
const found = (hours: number, count = 1): Partial<Instance> => ({
  lastVerification: {
    finishedAt: ago(hours),
    job: 'job',
    result: 'failed',
    findings: Array.from({ length: count }, (_, each) => ({ code: 'wal-gap', message: `gap ${each}` })),
  },
});
const failed = (hours: number): Partial<Instance> => ({
  lastFailedVerification: { finishedAt: ago(hours), job: 'job', message: 'AccessDenied' },
});

const assess = (state: Partial<Instance>, others: readonly Instance[] = [], overdue: number | null | 'none' = DAY) => {
  const instance = { pod: 'orders-0', clusterId: '7', ...state };
  return assessVerification(
    instance,
    [instance, ...others],
    { archiveLateSeconds: 180, ...(overdue === 'none' ? {} : { verificationOverdueSeconds: overdue }) },
    NOW,
  );
};

const TABLE: readonly (readonly [string, Partial<Instance>, string, string, RegExp])[] = [
  ['never', {}, 'Unknown', 'NotVerified', /no verification has run yet/],
  ['never, and one could not', failed(1), 'Unknown', 'NotFoundOut', /^orders-0: AccessDenied$/],
  ['passed, fresh', passed(1), 'True', 'WALIntegrityCheckPassed', /verified at 2026-11-21T11:00/],
  [
    'passed, fresh, a later one could not',
    { ...passed(2), ...failed(1) },
    'True',
    'WALIntegrityCheckPassed',
    /could not find out: AccessDenied/,
  ],
  [
    'passed, fresh, an earlier one could not',
    { ...passed(1), ...failed(2) },
    'True',
    'WALIntegrityCheckPassed',
    /11:00:00.000Z$/,
  ],
  ['passed, too old', passed(25), 'Unknown', 'Stale', /for the last time at 2026-11-20T11:00/],
  ['passed, too old, later ones could not', { ...passed(25), ...failed(1) }, 'Unknown', 'Stale', /AccessDenied/],
  ['found something', found(1), 'False', 'FindingsExist', /^orders-0: wal-gap: gap 0$/],
  ['found much', found(1, 3), 'False', 'FindingsExist', /gap 0 \(and 2 more\)$/],
  ['found something, long ago', found(300), 'False', 'FindingsExist', /gap 0/],
];

for (const [name, state, status, reason, message] of TABLE) {
  test(`WALIntegrityCheckPassed: ${name}`, () => {
    const result = assess(state);
    assert.deepEqual([result?.status, result?.reason], [status, reason]);
    assert.match(result?.message ?? '', message);
  });
}

test('without a verify section there is no such condition', () =>
  assert.equal(assess(found(1), [], 'none'), undefined));

test('a schedule that never comes round twice is never overdue', () =>
  assert.equal(assess(passed(9000), [], null)?.status, 'True'));

test("the newest run of any member of the cluster counts, and no stranger's", () => {
  const other = { pod: 'orders-1', clusterId: '7', ...passed(1) };
  assert.equal(assess(found(2), [other])?.status, 'True');
  assert.equal(assess(found(2), [{ ...other, clusterId: '8' }])?.status, 'False');
});
