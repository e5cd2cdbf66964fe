import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dump, FailedRun, Instance } from '../../src/api/protected-database.ts';
import { assessDump } from '../../src/health/assess-dump.ts';
import type { Terms } from '../../src/health/terms.ts';

const NOW = '2026-11-21T10:00:00.000Z';
const at = (hour: number) => `2026-11-21T${String(hour).padStart(2, '0')}:00:00.000Z`;
const good = (hour: number, more: Partial<Dump> = {}): Dump => ({
  name: `dump-${hour}`,
  finishedAt: at(hour),
  ...more,
});
const bad = (hour: number): FailedRun => ({ finishedAt: at(hour), message: 'no space left' });
const ASKED: Terms = { archiveLateSeconds: 180, dumpOverdueSeconds: 5 * 3600 };

function assess(own: Partial<Instance>, terms = ASKED, others: readonly Instance[] = []) {
  const instance: Instance = { pod: 'orders-0', clusterId: '42', ...own };
  const found = assessDump(instance, [instance, ...others], terms, NOW);
  return found && `${found.status} ${found.reason}: ${found.message}`;
}

// | asked for | last good one | last failed one | result |
test('nothing is said of dumps that nobody asked for', () => {
  assert.equal(assess({ lastDump: good(9) }, { archiveLateSeconds: 180 }), undefined);
});

test('none yet is not known to be healthy', () => {
  assert.equal(assess({}), 'Unknown NoDumpYet: orders-0: no dump yet');
});

test('a failure after the last good one counts, one before it does not', () => {
  assert.equal(assess({ lastFailedDump: bad(9) }), 'False LastDumpFailed: orders-0: no space left');
  assert.equal(assess({ lastDump: good(8), lastFailedDump: bad(9) }), 'False LastDumpFailed: orders-0: no space left');
  assert.equal(assess({ lastDump: good(9), lastFailedDump: bad(8) }), 'True LastDumpSucceeded: orders-0: dump-9');
});

test('an old one is overdue, unless its schedule never comes round twice', () => {
  assert.match(assess({ lastDump: good(4) }) ?? '', /^False DumpOverdue: .*finished at .*T04:00.*dump-4$/);
  assert.match(assess({ lastDump: good(5) }) ?? '', /^True/);
  assert.match(
    assess({ lastDump: good(1) }, { archiveLateSeconds: 180, dumpOverdueSeconds: null } as Terms) ?? '',
    /^True/,
  );
});

test('one that shrank is said, with what to do; a warning is said and is no failure', () => {
  assert.equal(
    assess({ lastDump: good(9, { shrank: 'it holds 0 rows' }) }),
    'False LastDumpShrank: orders-0: dump-9: it holds 0 rows; it is complete, and no older one was removed: look whether data were lost',
  );
  assert.equal(assess({ lastDump: good(9, { warning: 'w' }) }), 'True LastDumpSucceeded: orders-0: dump-9; w');
});

test('after a failover the dumps of the old primary count', () => {
  const other: Instance = { pod: 'orders-1', clusterId: '42', lastDump: good(9) };
  assert.match(assess({ lastFailedDump: bad(8) }, ASKED, [other]) ?? '', /^True .*dump-9$/);
  assert.match(assess({}, ASKED, [{ ...other, clusterId: '43' }]) ?? '', /^Unknown/);
});
