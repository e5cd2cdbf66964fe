import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STORAGE } from '../../src/policy/default-storage.ts';
import { findSettingsAmong, readSettings } from '../../src/policy/find-settings.ts';
import { parsePolicySpec } from '../../src/policy/schema.ts';

const GOLD = { metadata: { name: 'gold' }, spec: { storage: DEFAULT_STORAGE, archive: { timeout: '5m' } } };
const BROKEN = { metadata: { name: 'broken' }, spec: { storage: {} } };

test('a policy is found by its name, with its settings', () => {
  const settings = findSettingsAmong([BROKEN, GOLD], 'gold');
  assert.ok('storage' in settings);
  assert.deepEqual([settings.policy, settings.archive.timeoutSeconds], ['gold', 300]);
});

test('a policy that is wrong is refused with the path of its field', () => {
  const reasons = findSettingsAmong([BROKEN, GOLD], 'broken');
  assert.ok(!('storage' in reasons));
  assert.equal(reasons[0]?.field, 'BackupPolicy/broken spec.storage');
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
  assert.ok('storage' in parsePolicySpec({ storage: DEFAULT_STORAGE }));
});

test('a policy that contradicts itself is refused with each of its reasons', () => {
  const spec = { storage: DEFAULT_STORAGE, baseBackup: { schedule: '0 0 * * 7' }, objectives: { rpo: '1s' } };
  const reasons = findSettingsAmong([{ metadata: { name: 'torn' }, spec }], 'torn');
  assert.ok(!('storage' in reasons));
  assert.deepEqual(
    reasons.map(({ code, field }) => `${code} ${field}`),
    [
      'rpo-unreachable BackupPolicy/torn spec.archive.timeout',
      'schedule-invalid BackupPolicy/torn spec.baseBackup.schedule',
    ],
  );
});

test('a warning refuses nothing', () => {
  assert.ok('storage' in readSettings('gold', { storage: DEFAULT_STORAGE, verify: { schedule: '0 0 30 2 *' } }));
});

test('the engine in the image counts where it is known', () => {
  const spec = { storage: DEFAULT_STORAGE, engine: 'wal-g' };
  assert.ok('storage' in readSettings('gold', spec));
  assert.ok('storage' in readSettings('gold', spec, 'wal-g'));
  const refused = readSettings('gold', spec, 'walrus');
  assert.equal('storage' in refused ? '' : refused[0]?.code, 'engine-not-installed');
});

test('what is remembered of a policy is not told of another, nor of the same one once it is changed', () => {
  const read = (name: string, timeout: string) =>
    readSettings(name, { storage: DEFAULT_STORAGE, archive: { timeout } });
  const timeouts = [read('a', '60s'), read('b', '60s'), read('a', '2m'), read('a', '60s')].map((settings) =>
    'storage' in settings ? `${settings.policy} ${settings.archive.timeoutSeconds}` : '',
  );
  assert.deepEqual(timeouts, ['a 60', 'b 60', 'a 120', 'a 60']);
});
