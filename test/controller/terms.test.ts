import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveTerms } from '../../src/controller/terms.ts';
import type { DumpSettings } from '../../src/policy/settings.ts';
import { SETTINGS } from '../support/workloads.ts';

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
