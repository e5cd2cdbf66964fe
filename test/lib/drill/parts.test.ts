// The small pure parts of a drill: what Postgres prints, what users ask, what is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseControlData } from '../../../src/lib/drill/control-data.ts';
import { createRecoveryLog, readEndOfHistory, readLogLine } from '../../../src/lib/drill/log.ts';
import { buildDrillReport, describeChecks, MAX_REPORT_BYTES } from '../../../src/lib/drill/report.ts';
import { compareRows } from '../../../src/lib/drill/rows.ts';
import { type Answer, judgeAnswer, toUserCheck } from '../../../src/lib/drill/user-checks.ts';

test('pg_controldata', () => {
  const text = `pg_control version number:            1300
Database system identifier:           7710543307137138721
Database cluster state:               in production
max_prepared_xacts setting:           4
Data page checksum version:           1
`;
  const wanted = {
    systemIdentifier: '7710543307137138721',
    state: 'in production',
    hasChecksums: true,
    maxPreparedTransactions: 4,
  };
  assert.deepEqual(parseControlData(text), wanted);
  assert.equal(parseControlData(text.replace('version:           1', 'version:           0')).hasChecksums, false);
  assert.throws(() => parseControlData('pg_controldata: error'), /says nothing of "Database system identifier"/);
});

function read(...lines: string[]) {
  const log = createRecoveryLog();
  for (const line of lines) readLogLine(log, `2026-11-21 20:52:17.551 UTC ${line}`);
  return log;
}

test("the copy's log: redo, the new timeline, damage, why it ended", () => {
  assert.equal(read('LOG:  redo starts at 0/A000028').hasRedoStarted, true);
  assert.equal(read('LOG:  selected new timeline ID: 12').newTimeline, 12);
  for (const words of [
    'incorrect resource manager data checksum in record at 0/C000060',
    'invalid magic number 0000 in log segment 00000001000000000000000C, offset 0',
    'record with incorrect prev-link 0/1 at 0/C000060',
    'archive file "00000001000000000000000C" has wrong size: 100 instead of 16777216',
  ])
    assert.equal(read(`LOG:  ${words}`).damage, words);
  assert.equal(read('LOG:  restored log file "00000001000000000000000C" from archive').damage, undefined);
  const refused = 'FATAL:  the database system is not accepting connections';
  assert.deepEqual(read(refused, 'FATAL:  recovery ended before configured recovery target was reached').errors, [
    'recovery ended before configured recovery target was reached',
  ]);
});

test('the last line of a history file says where the timeline began', () => {
  assert.equal(
    readEndOfHistory('1\t0/5000000\tno recovery target specified\n\n2\t0/7000A28\tbefore 2026\n'),
    '0/7000A28',
  );
  assert.equal(readEndOfHistory(''), undefined);
});

const CHECK = { name: 'recent', database: 'postgres', sql: 'select 1', expect: '1' };

test('an answer is good only where it is the one value that was expected', () => {
  const results: [Answer, string, string][] = [
    [{ columns: 1, values: ['1'] }, 'passed', '1'],
    [{ columns: 1, values: ['2'] }, 'failed', '2'],
    [{ columns: 1, values: [null] }, 'failed', 'NULL'],
    [{ columns: 1, values: [] }, 'failed', '0 rows of 1 columns, where one value is asked for'],
    [{ columns: 2, values: ['1'] }, 'failed', '1 rows of 2 columns, where one value is asked for'],
    [{ error: 'relation "t" does not exist' }, 'failed', 'relation "t" does not exist'],
  ];
  for (const [answer, result, seen] of results)
    assert.deepEqual(judgeAnswer(CHECK, answer), { result, seen, expected: '1' });
});

test('an entry of a ConfigMap is one check, or says what is wrong with it', () => {
  assert.deepEqual(toUserCheck('recent', { sql: 'select 1', expect: 1 }), CHECK);
  assert.equal(toUserCheck('x', { sql: 'select 1', expect: true, database: 'shop' }).database, 'shop');
  const wrong: [unknown, RegExp][] = [
    [undefined, /must hold database, sql and expect/],
    [[], /must hold database, sql and expect/],
    ['select 1', /must hold database, sql and expect/],
    [{ sql: 'select 1', expected: '1' }, /not expected/],
    [{ sql: ' ', expect: '1' }, /x\.sql must be/],
    [{ sql: 'select 1' }, /x\.expect must be/],
    [{ sql: 'select 1', expect: '1', database: 5 }, /x\.database must be/],
  ];
  for (const [value, message] of wrong) assert.throws(() => toUserCheck('x', value), message);
});

test('rows beside those of a dump: told, never judged', () => {
  const dump = {
    name: 'd',
    databases: [
      {
        name: 'shop',
        tables: [
          { name: 'public.a', rows: 2 },
          { name: 'public.b', rows: 1 },
        ],
      },
    ],
  };
  const compare = (...tables: { name: string; rows: number; isExtensions?: boolean }[]) =>
    compareRows(dump as never, [['shop', tables]]);
  assert.equal(
    compare({ name: 'public.a', rows: 2 }, { name: 'public.b', rows: 1 }),
    'every table of dump d has as many',
  );
  // CREATE EXTENSION fills it, and the dump holds what was added.
  assert.equal(
    compare({ name: 'public.a', rows: 8500, isExtensions: true }, { name: 'public.b', rows: 1 }),
    'every table of dump d has as many',
  );
  assert.match(compare({ name: 'public.a', rows: 1, isExtensions: true }, { name: 'public.b', rows: 1 }), /has 1 rows/);
  assert.equal(
    compare({ name: 'public.a', rows: 3 }),
    'dump d, of another moment, differs: shop: public.a has 3 rows, 2 there, shop: public.b has no rows, 1 there',
  );
});

const seen = (name: string, result: 'passed' | 'failed' | 'skipped' | 'unknown', text = 'x') => ({
  name,
  result,
  seen: text,
  seconds: 0,
});

test('one sentence: what came back, how fast, and what is wrong', () => {
  assert.equal(describeChecks([seen('a', 'passed')], 12.5), 'the copy took writes after 12.5 s; 1 checks passed');
  const slow = describeChecks([seen('a', 'passed'), seen('b', 'skipped')], 901, 900);
  assert.equal(
    slow,
    'the copy took writes after 901 s, later than the objective of 900 s; 1 checks passed, 1 did not apply',
  );
  const bad = [{ ...seen('sql:few', 'failed', '9'), expected: '10' }, seen('amcheck', 'unknown', 'why')];
  assert.equal(
    describeChecks(bad, 1),
    'the copy took writes after 1 s; sql:few failed: 9 (expected 10); amcheck could not be made: why',
  );
});

test('a report fits into what Kubernetes reads, whatever was said', () => {
  const checks = Array.from({ length: 60 }, (_, each) =>
    seen(`sql:${'n'.repeat(63)}-${each}`, 'failed', '\u0001"é'.repeat(300)),
  );
  for (const message of ['é"\u0001\n'.repeat(3000), 'short']) {
    const told = { name: 'weekly', startedAt: 'a', finishedAt: 'b', outcome: 'failed' as const, message, checks };
    const report = buildDrillReport(
      { ...told, target: 't'.repeat(300), baseBackup: 'b'.repeat(253), evidence: 'e'.repeat(100) },
      '7',
    );
    assert.ok(Buffer.byteLength(JSON.stringify(report)) <= MAX_REPORT_BYTES);
    assert.equal(report.ok, false);
  }
});
