// When an idle primary closes a segment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pulse, takePulse } from '../../src/agent/heartbeat.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const EVERY = 300;
const before = (seconds: number) => NOW - seconds * 1000;
const archivedAgo = (seconds: number) => ({ lastArchivedTime: new Date(before(seconds)).toISOString() });
const pulse = (walFile: string, seconds: number): Pulse => ({ walFile, since: before(seconds) });
const writes = (walFile: string, archiver = {}) => ({ walFile, archiver });

type Row = readonly [
  name: string,
  before: Pulse | undefined,
  observed: Parameters<typeof takePulse>[1],
  isDue: boolean,
  since: number | undefined,
];

/** Rows of the table in heartbeat.ts, in its order, and their edges. */
const ROWS: readonly Row[] = [
  ['Postgres does not answer', pulse('a', 900), undefined, false, undefined],
  ['in recovery', pulse('a', 900), { archiver: {} }, false, undefined],
  ['another file than before', pulse('a', 900), writes('b'), false, NOW],
  ['the same file, not for long enough', pulse('a', 299), writes('a'), false, before(299)],
  ['the same file, long enough', pulse('a', 300), writes('a'), true, NOW],
  ['the one after that which we closed', { ...pulse('a', 299), isClosed: true }, writes('b'), false, before(299)],
  ['the one after that which we closed, long enough', { ...pulse('a', 300), isClosed: true }, writes('b'), true, NOW],
  ['seen for the first time, archived a while ago', undefined, writes('a', archivedAgo(100)), false, before(100)],
  ['seen for the first time, archived long ago', undefined, writes('a', archivedAgo(9000)), true, NOW],
  ['seen for the first time, never archived', undefined, writes('a'), false, NOW],
];

for (const [name, previous, observed, isDue, since] of ROWS) {
  test(`heartbeat, ${name}: ${isDue ? 'due' : 'not due'}`, () => {
    const taken = takePulse(previous, observed, EVERY, NOW);
    assert.equal(taken.isDue, isDue);
    assert.equal(taken.pulse?.since, since);
    assert.equal(taken.pulse?.walFile, observed?.walFile);
  });
}

test('only the first file after ours is taken for its successor: then somebody writes', () => {
  const first = takePulse({ ...pulse('a', 100), isClosed: true }, writes('b'), EVERY, NOW).pulse;
  assert.deepEqual(takePulse(first, writes('c'), EVERY, NOW).pulse?.since, NOW);
  const still = takePulse({ ...pulse('a', 100), isClosed: true }, writes('a'), EVERY, NOW).pulse;
  assert.deepEqual(takePulse(still, writes('b'), EVERY, NOW).pulse?.since, before(100));
});
