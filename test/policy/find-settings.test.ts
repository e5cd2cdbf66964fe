import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STORAGE } from '../../src/policy/default-storage.ts';
import { findSettingsAmong } from '../../src/policy/find-settings.ts';
import { parsePolicySpec } from '../../src/policy/schema.ts';

const GOLD = { metadata: { name: 'gold' }, spec: { storage: DEFAULT_STORAGE, archive: { timeout: '5m' } } };
const BROKEN = { metadata: { name: 'broken' }, spec: { storage: {} } };

test('a policy is found by its name, with its settings', () => {
  const settings = findSettingsAmong([BROKEN, GOLD], 'gold');
  assert.ok('storage' in settings);
  assert.deepEqual([settings.policy, settings.archiveTimeoutSeconds], ['gold', 300]);
});

test('a policy that is wrong is refused with the path of its field', () => {
  const reasons = findSettingsAmong([BROKEN, GOLD], 'broken');
  assert.ok(!('storage' in reasons));
  assert.equal(reasons[0]?.field, 'BackupPolicy/broken spec.storage.s3');
});

test('a policy that is not there: those that are, in order', () => {
  const reasons = findSettingsAmong([GOLD, BROKEN], 'tin');
  assert.ok(!('storage' in reasons));
  assert.equal(reasons[0]?.code, 'policy-unknown');
  assert.equal(reasons[0]?.remedy, 'There are: broken, gold.');
  const none = findSettingsAmong([], 'tin');
  assert.match(!('storage' in none) ? (none[0]?.remedy ?? '') : '', /There is none yet/);
});

test('the default storage is one that a policy may have', () => {
  assert.ok('storage' in parsePolicySpec('standard', { storage: DEFAULT_STORAGE }));
});
