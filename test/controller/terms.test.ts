import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveTerms } from '../../src/controller/terms.ts';
import { findOldestDrillSeconds } from '../../src/policy/drill-age.ts';
import type { DumpSettings } from '../../src/policy/settings.ts';
import { DRILL, SETTINGS } from '../support/workloads.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const VERIFY = { schedule: '0 * * * *', timeZone: 'Etc/UTC' };
const DUMP: DumpSettings = {
  schedule: '0 2 * * 0',
  timeZone: 'Etc/UTC',
  tool: 'pg_dumpall',
  format: 'gzip',
  destination: { storage: {} },
  keepSeconds: 30 * DAY,
  timeoutSeconds: 2 * HOUR,
};

test('a base backup is overdue a run, its timeout and the slack of its start after the last one', () => {
  const { archiveLateSeconds, backupOverdueSeconds } = resolveTerms(SETTINGS);
  assert.deepEqual([archiveLateSeconds, backupOverdueSeconds], [180, DAY + HOUR + HOUR]);
});

test('what the policy says of alerts wins', () => {
  const alerts = { backupOverdueAfterSeconds: 36 * HOUR, walOverdueAfterSeconds: 600 };
  const terms = resolveTerms({ ...SETTINGS, alerts, dump: DUMP });
  assert.equal(terms.backupOverdueSeconds, 36 * HOUR);
  assert.equal(terms.dumpOverdueSeconds, 36 * HOUR);
  assert.equal(terms.walOverdueSeconds, 600);
});

test('of verifications one may be missed; what is not asked for has no term', () => {
  assert.equal(resolveTerms({ ...SETTINGS, verify: VERIFY }).verificationOverdueSeconds, 2 * HOUR + HOUR);
  assert.equal(resolveTerms({ ...SETTINGS, dump: DUMP }).dumpOverdueSeconds, 7 * DAY + 2 * HOUR + HOUR);
  const { verificationOverdueSeconds, dumpOverdueSeconds, walOverdueSeconds } = resolveTerms(SETTINGS);
  assert.deepEqual(
    [verificationOverdueSeconds, dumpOverdueSeconds, walOverdueSeconds],
    [undefined, undefined, undefined],
  );
});

test('a schedule that never comes round is never overdue', () => {
  const never = { schedule: '0 0 30 2 *', timeZone: 'Etc/UTC' };
  const terms = resolveTerms({ ...SETTINGS, baseBackup: { ...SETTINGS.baseBackup, ...never }, verify: never });
  assert.equal(terms.backupOverdueSeconds, undefined);
  assert.equal(terms.verificationOverdueSeconds, null);
});

test('a drill is overdue after two of its runs, its timeout and the slack of its start', () => {
  const monthly = { ...DRILL, name: 'monthly', schedule: '0 0 30 2 *', target: 'random' as const };
  const dump = { ...DRILL, name: 'dump', source: 'dump' as const };
  const terms = resolveTerms({ ...SETTINGS, drills: [DRILL, monthly, dump] });
  assert.deepEqual(terms.drills, [
    { name: 'weekly', overdueSeconds: 14 * DAY + 2 * HOUR + HOUR, showsLoss: true },
    { name: 'monthly', overdueSeconds: null, showsLoss: false },
    { name: 'dump', overdueSeconds: 14 * DAY + 2 * HOUR + HOUR, showsLoss: false },
  ]);
  assert.equal('drills' in resolveTerms(SETTINGS) || 'drillAgeSeconds' in terms, false);
});

test('a drill is too old at the promised age and the time that the longest one may take', () => {
  const objectives = { drillAgeSeconds: 7 * DAY, rtoSeconds: 60, rpoSeconds: 5, onStaleDrill: 'warn' } as const;
  const drills = [DRILL, { ...DRILL, name: 'b', timeoutSeconds: 3 * HOUR }];
  const { drillAgeSeconds, rtoSeconds, rpoSeconds } = resolveTerms({ ...SETTINGS, drills, objectives });
  assert.deepEqual([drillAgeSeconds, rtoSeconds, rpoSeconds], [7 * DAY + 3 * HOUR, 60, 5]);
  assert.equal(findOldestDrillSeconds({ drills: [], objectives }), undefined);
  assert.equal(findOldestDrillSeconds({ drills, objectives: { onStaleDrill: 'warn' } }), undefined);
});
