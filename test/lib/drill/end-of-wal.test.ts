import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeEndOfWal } from '../../../src/lib/drill/end-of-wal.ts';
import { backup, makeContents, segmentName, segments } from '../../support/store-contents.ts';

const FROM = backup(3);
const DAMAGE = 'incorrect resource manager data checksum in record at 0/6000060';

/** Of a store with the segments up to 9, but for those that are left out. */
function judge(lsn: string, damage?: string, without: readonly number[] = []) {
  const stored = segments(1, 9).filter(({ name }) => !without.some((index) => segmentName(index) === name));
  const contents = makeContents({ backups: [FROM], segments: stored });
  return judgeEndOfWal(contents, FROM, { lsn, ...(damage === undefined ? {} : { damage }) });
}

test('behind the newest segment, or in it and with nothing wrong, is the end', () => {
  const expected = `the end of ${segmentName(9)}`;
  assert.deepEqual(judge('0/A000000'), { result: 'passed', expected, seen: 'LSN 0/A000000' });
  assert.equal(judge('0/B000028', DAMAGE).result, 'passed', 'more was archived meanwhile');
  assert.equal(judge('0/9FFFF00').result, 'passed', 'its last record goes on in a segment that is not there yet');
});

test('a record that Postgres did not take is damage, in the newest segment too', () => {
  assert.equal(judge('0/9000060', DAMAGE).result, 'failed');
  const found = judge('0/6000060', DAMAGE);
  assert.deepEqual([found.result, found.missing], ['failed', undefined]);
  assert.match(found.seen, new RegExp(`^LSN 0/6000060, in ${segmentName(6)}, which cannot be read on: incorrect`));
  assert.equal(judge('0/6000060').result, 'failed', 'whatever the log says: there is more WAL');
});

test('a segment that is not there is named, and how many cannot be reached', () => {
  for (const lsn of ['0/6000000', '0/5FFFFF0']) {
    const index = lsn === '0/6000000' ? 6 : 5;
    const found = judge(lsn, undefined, [index]);
    assert.deepEqual([found.result, found.missing], ['failed', segmentName(index)]);
    const seen = `LSN ${lsn}: ${segmentName(index)} is missing in the store, and the ${9 - index} after it cannot be reached`;
    assert.equal(found.seen, seen);
  }
});

test('without any WAL there is nothing to say', () => {
  const found = judgeEndOfWal(makeContents({ backups: [FROM] }), FROM, { lsn: '0/5000000' });
  assert.equal(found.result, 'unknown');
});
