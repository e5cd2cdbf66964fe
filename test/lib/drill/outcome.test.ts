import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adviseChecks,
  adviseTrouble,
  judgeChecks,
  judgeTrouble,
  type Trouble,
} from '../../../src/lib/drill/outcome.ts';

const BAD: Trouble = {
  message: 'backup-fetch failed with code 1: unexpected end of file',
  isEndedFromOutside: false,
  storeAnswers: true,
  freeBytes: 1e9,
};

const CASES: readonly [string, Partial<Trouble>, 'failed' | 'unknown', RegExp][] = [
  ['the engine cannot read what the store gave it', {}, 'failed', /Take a base backup now/],
  ['free space is not known', { freeBytes: undefined as never }, 'failed', /Take a base backup now/],
  ['the deadline', { isEndedFromOutside: true, storeAnswers: false }, 'unknown', /run the drill again/],
  ['out of memory', { message: 'sh ended with code 137: Killed' }, 'unknown', /run the drill again/],
  ['a backend was killed', { message: 'startup process was terminated by signal 9: Killed' }, 'unknown', /run the/],
  ['no space, by its words', { message: 'could not extend file: No space left on device' }, 'unknown', /enlarge/],
  ['no space, by walrus', { message: 'write: No space (os error 28)' }, 'unknown', /enlarge/],
  ['no space, by the volume', { freeBytes: 1e6 }, 'unknown', /enlarge/],
  ['the store does not answer now', { storeAnswers: false }, 'unknown', /see that the store answers/],
  ['the store did not answer then', { message: 'tcp connect: connection refused' }, 'unknown', /see that the store/],
  ['the store was short of breath', { message: 'st cat: 503 SlowDown' }, 'unknown', /see that the store/],
  ['the store does not let in', { message: 'ListObjects: AccessDenied' }, 'unknown', /see that the store/],
  ['a call came to its end', { message: 'wal-fetch was ended at its deadline: ' }, 'unknown', /see that the store/],
  ['an object is not there', { message: 'GET part_001.tar.lz4: 404 NoSuchKey' }, 'failed', /Take a base backup/],
];

for (const [name, changes, wanted, advice] of CASES) {
  test(`${name}: ${wanted}`, () => {
    const trouble = { ...BAD, ...changes };
    assert.equal(judgeTrouble(trouble), wanted);
    assert.match(adviseTrouble(trouble, 'baseBackup'), advice);
  });
}

test('a check that failed is told before one that could not be made; skipped ones count for nothing', () => {
  const of = (...results: ('passed' | 'failed' | 'skipped' | 'unknown')[]) =>
    judgeChecks(results.map((result) => ({ result })));
  assert.equal(of('passed', 'skipped'), 'passed');
  assert.equal(of('passed', 'unknown', 'skipped'), 'unknown');
  assert.equal(of('unknown', 'failed', 'passed'), 'failed');
});

test('what to do about checks that failed', () => {
  const advise = (...names: string[]) =>
    adviseChecks(
      [{ name: 'databases', result: 'passed' }, ...names.map((name) => ({ name, result: 'failed' as const }))],
      'baseBackup',
    );
  assert.equal(advise(), '');
  assert.match(advise('sql:few'), /^See whether the statement or the data are wrong/);
  assert.match(advise('sql:few', 'end-of-wal'), /^Take a base backup now/);
  assert.match(advise('checksums', 'sql:few'), /^The database itself may have the damage: .* Take a base backup now/);
  assert.match(adviseChecks([{ name: 'manifest', result: 'failed' }], 'dump'), /^Take a dump now/);
});
