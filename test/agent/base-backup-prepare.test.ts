import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNewName } from '../../src/agent/base-backup-prepare.ts';
import type { ServerFacts } from '../../src/tools/backup-server.ts';
import { backup, makeContents } from '../support/store-contents.ts';

const STANDBY: ServerFacts = {
  systemIdentifier: '42',
  incarnation: undefined,
  major: 15,
  inRecovery: true,
  dataDirectory: '/data',
  segmentBytes: 16 * 1024 * 1024,
  timeline: 1,
  redoLsn: '0/5000028',
};

test('a backup of a standby that would overwrite another is refused, a delta and a torn one too', () => {
  const taken = [
    makeContents({ backups: [backup(5)] }),
    makeContents({ backups: [backup(5, { parent: backup(3).name })] }),
    makeContents({ unusable: [{ name: backup(5).name, why: 'sentinel-missing', storedBytes: 1 }] }),
  ];
  for (const contents of taken) {
    assert.throws(() => assertNewName(STANDBY, contents), /is in the store already.*nothing was written/);
  }
});

test('another segment, another timeline, or a primary, which begins a segment of its own each time', () => {
  const contents = makeContents({ backups: [backup(5)] });
  assertNewName({ ...STANDBY, redoLsn: '0/6000028' }, contents);
  assertNewName({ ...STANDBY, timeline: 2 }, contents);
  assertNewName({ ...STANDBY, inRecovery: false }, contents);
});
