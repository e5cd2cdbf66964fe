// What the sidecar is told of looking after archiving.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArchiveCare } from '../../src/agent/archive-care.ts';
import { buildCareEnv } from '../../src/inject/archive-care.ts';
import type { ArchiveSettings } from '../../src/policy/settings.ts';

const USUAL: ArchiveSettings = { timeoutSeconds: 60, compression: 'lz4', onStorageFull: 'block' };
const DROPS: ArchiveSettings = { ...USUAL, onStorageFull: 'dropAndRebase' };
const BEATS: ArchiveSettings = { ...USUAL, switchAtLeastEverySeconds: 21_600 };

const ROWS: readonly (readonly [
  name: string,
  archive: ArchiveSettings,
  grace: number | undefined,
  told: object,
  read: object,
])[] = [
  ['the usual', USUAL, undefined, {}, { mayLetGo: false, shutdownSeconds: 25 }],
  [
    'dropAndRebase',
    DROPS,
    undefined,
    { WALGUARD_ON_STORAGE_FULL: 'dropAndRebase' },
    { mayLetGo: true, shutdownSeconds: 25 },
  ],
  [
    'a heartbeat',
    BEATS,
    undefined,
    { WALGUARD_SWITCH_AT_LEAST_EVERY: '21600' },
    { mayLetGo: false, switchAtLeastEverySeconds: 21_600, shutdownSeconds: 25 },
  ],
  ['two minutes of grace', USUAL, 120, { WALGUARD_SHUTDOWN_SECONDS: '115' }, { mayLetGo: false, shutdownSeconds: 115 }],
  ['hardly any grace', USUAL, 3, { WALGUARD_SHUTDOWN_SECONDS: '1' }, { mayLetGo: false, shutdownSeconds: 1 }],
];

for (const [name, archive, grace, told, read] of ROWS) {
  test(`${name}: told as variables, and read back`, () => {
    const spec = { containers: [], ...(grace === undefined ? {} : { terminationGracePeriodSeconds: grace }) };
    const env = Object.fromEntries(buildCareEnv(archive, spec).map((each) => [each.name, each.value]));
    assert.deepEqual(env, told);
    assert.deepEqual(readArchiveCare(env as NodeJS.ProcessEnv), read);
  });
}

test('only the very word lets WAL go', () => {
  for (const word of ['', 'block', 'drop', 'DropAndRebase', 'true', ' dropAndRebase']) {
    assert.equal(readArchiveCare({ WALGUARD_ON_STORAGE_FULL: word }).mayLetGo, false);
  }
});
