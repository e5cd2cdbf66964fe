import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOff, decideCourse, type Ending } from '../../src/kube/course.ts';

type Row = readonly [
  step: 'list' | 'watch',
  ending: Ending,
  livedMs: number,
  failures: number,
  next: 'list' | 'watch',
  waits: boolean,
  failures: number,
];

const ROWS: readonly Row[] = [
  ['list', 'listed', 0, 0, 'watch', false, 0],
  ['list', 'listed', 0, 3, 'watch', false, 3],
  ['list', 'failed', 0, 3, 'list', true, 4],
  ['list', 'gone', 0, 0, 'list', true, 1],
  ['watch', 'ended', 30_000, 4, 'watch', false, 0],
  ['watch', 'ended', 10, 0, 'watch', true, 1],
  ['watch', 'ended', 10, 4, 'list', true, 5],
  ['watch', 'gone', 0, 0, 'list', true, 1],
  ['watch', 'gone', 20_000, 6, 'list', true, 1],
  ['watch', 'failed', 50, 0, 'watch', true, 1],
  ['watch', 'failed', 50, 4, 'list', true, 5],
  ['watch', 'failed', 50, 5, 'watch', true, 6],
  ['watch', 'failed', 20_000, 4, 'watch', true, 1],
];

for (const [step, ending, livedMs, before, next, waits, failures] of ROWS) {
  test(`${step} ${ending} after ${livedMs} ms and ${before} failures: ${next}${waits ? ' later' : ''}`, () => {
    const course = decideCourse({ step, ending, livedMs }, before, 0.5);
    assert.deepEqual([course.step, course.delayMs > 0, course.failures], [next, waits, failures]);
  });
}

test('the wait doubles up to its longest, differs by chance, and is no shorter than the server asks for', () => {
  assert.deepEqual(
    [1, 2, 3, 20, 1000].map((failures) => backOff(failures, 0.5)),
    [200, 400, 800, 30_000, 30_000],
  );
  assert.deepEqual(
    [0, 1].map((random) => backOff(1, random)),
    [100, 300],
  );
  assert.ok(backOff(1, 0, 5000) >= 5000);
  assert.ok(backOff(1, 1, 5000) > 5000);
});
