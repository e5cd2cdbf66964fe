import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import { resolveExemption } from '../../src/policy/exemption.ts';
import { buildWorkload } from '../support/workloads.ts';

const TODAY = '2026-11-21';

/** One for each row of the table in exemption.ts, and its edges. */
const ROWS: readonly (readonly [reason: string | undefined, until: string | undefined, result: string])[] = [
  [undefined, undefined, 'none'],
  [undefined, '2026-11-22', 'none'],
  ['', undefined, 'exemption-without-reason'],
  [' \n', '2027-01-01', 'exemption-without-reason'],
  ['a cache', undefined, 'holds'],
  ['a cache', 'never', 'exemption-date'],
  ['a cache', '', 'exemption-date'],
  ['a cache', '2026-1-1', 'exemption-date'],
  ['a cache', '2026-02-31', 'exemption-date'],
  ['a cache', '2027-01-01T00:00:00Z', 'exemption-date'],
  ['a cache', '2026-11-20', 'exemption-ended'],
  ['a cache', '2025-12-31', 'exemption-ended'],
  ['a cache', '2026-11-21', 'holds'],
  ['a cache', '2026-11-22', 'holds'],
];

for (const [reason, until, result] of ROWS) {
  test(`exempt ${JSON.stringify(reason)} until ${JSON.stringify(until)}: ${result}`, () => {
    const workload = buildWorkload();
    workload.metadata.annotations = {
      ...(reason === undefined ? {} : { [ANNOTATION.exempt]: reason }),
      ...(until === undefined ? {} : { [ANNOTATION.exemptUntil]: until }),
    };
    const exemption = resolveExemption(workload, TODAY);
    assert.equal(exemption.kind === 'refused' ? exemption.reason.code : exemption.kind, result);
    if (exemption.kind === 'holds') {
      assert.deepEqual([exemption.reason, exemption.until], [reason, until]);
      assert.equal(exemption.daysLeft, until === undefined ? undefined : Number(until.slice(-2)) - 21);
    }
    if (exemption.kind === 'refused') {
      assert.match(exemption.reason.field, /^metadata\.annotations\[walguard\.dev\/exempt(-until)?\]$/);
      assert.ok(exemption.reason.seen && exemption.reason.remedy);
    }
  });
}

test('a workload without annotations is not exempt', () => {
  assert.deepEqual(resolveExemption(buildWorkload(), TODAY), { kind: 'none' });
});

test('the days that are left are counted over months, years and leap days', () => {
  const rows = [
    ['2026-11-21', '2026-12-05', 14],
    ['2026-12-31', '2027-01-01', 1],
    ['2028-02-28', '2028-03-01', 2],
    ['2026-11-21', '2026-11-21', 0],
  ] as const;
  for (const [today, until, expected] of rows) {
    const workload = buildWorkload();
    workload.metadata.annotations = { [ANNOTATION.exempt]: 'a cache', [ANNOTATION.exemptUntil]: until };
    const exemption = resolveExemption(workload, today);
    assert.equal(exemption.kind === 'holds' && exemption.daysLeft, expected, `${today} to ${until}`);
  }
});
