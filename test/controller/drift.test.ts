import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planApply } from '../../src/controller/apply.ts';
import { holds } from '../../src/controller/drift.ts';

const ROWS: readonly (readonly [what: string, live: unknown, applied: unknown, holds: boolean])[] = [
  ['the same', { a: 1, b: ['x'] }, { a: 1, b: ['x'] }, true],
  ["defaults and other people's fields", { a: 1, b: 2, c: { d: 3 } }, { a: 1 }, true],
  ['another value', { a: 2 }, { a: 1 }, false],
  ['a field that was taken away', {}, { a: 1 }, false],
  ['a list with an item more', { a: [1, 2] }, { a: [1] }, false],
  ['items with defaults', { a: [{ n: 'x', protocol: 'TCP' }] }, { a: [{ n: 'x' }] }, true],
  ['another item', { a: [{ n: 'y' }] }, { a: [{ n: 'x' }] }, false],
  ['false, zero and nothing are left out', {}, { a: false, b: 0, c: '', d: null, e: [], f: {}, g: { h: [] } }, true],
  ['false that became true', { a: true }, { a: false }, false],
  ['an empty object that is there', { a: {} }, { a: {} }, true],
  ['quantities in another form', { a: '500m', b: '1Gi' }, { a: '0.5', b: '1024Mi' }, true],
  ['another quantity', { a: '600m' }, { a: '0.5' }, false],
  ['identifiers beyond the integers', { a: '7710449571138806557' }, { a: '7710449571138806556' }, false],
];

for (const [what, live, applied, expected] of ROWS) {
  test(`${what}: ${expected ? 'all that was applied is there' : 'edited'}`, () => {
    assert.equal(holds(live, applied), expected);
  });
}

const CRON_JOB = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'a', namespace: 'shop' },
  spec: { schedule: '0 3 * * *', suspend: false },
};

test('what was applied is not applied again; what somebody edited is put right, and so is what is wanted no more', () => {
  const [first] = planApply(CRON_JOB, []);
  const live = first?.object ?? assert.fail();
  assert.deepEqual(planApply(CRON_JOB, [live]), []);
  const edited = { ...live, spec: { ...CRON_JOB.spec, schedule: '0 5 * * *' } };
  assert.deepEqual(planApply(CRON_JOB, [edited]), [first]);
  const { suspend: _suspend, ...spec } = CRON_JOB.spec;
  assert.equal(planApply({ ...CRON_JOB, spec }, [live]).length, 1);
});
