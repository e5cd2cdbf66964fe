import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceCheck, EvidenceRecord } from '../../../src/api/evidence.ts';
import { fillChecklist } from '../../../src/lib/evidence/checklist.ts';
import { describeTarget, formatBytes, formatSeconds, recoveryTime } from '../../../src/lib/evidence/figures.ts';
import { buildChain, buildRecord, judge } from '../../support/evidence.ts';

const FIGURES: readonly (readonly [measured: number | undefined, objective: number | undefined, state: string])[] = [
  [undefined, undefined, 'none'],
  [undefined, 900, 'unknown'],
  [12, undefined, 'none'],
  [900, 900, 'met'],
  [900.01, 900, 'missed'],
];

for (const [measured, objective, state] of FIGURES) {
  test(`a recovery time of ${measured} against ${objective} is ${state}`, () => {
    const record = buildRecord({
      recovery: { baseBackup: 'base', ...(measured === undefined ? {} : { rtoSeconds: measured }) },
      objectives: objective === undefined ? {} : { rtoSeconds: objective },
    });
    assert.equal(recoveryTime(record).state, state);
  });
}

test('what is over an objective never looks like it', () => {
  assert.deepEqual([0, 0.04, 1, 11.51, 59.94, 60, 900.01, 3600, 3600.5, 90_061].map(formatSeconds), [
    '0 s',
    '0.1 s',
    '1 s',
    '11.6 s',
    '60 s',
    '1m',
    '15m 1s',
    '1h',
    '1h 1m',
    '1d 1h',
  ]);
});

test('bytes are in the unit that people use', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1_288_490_188, 2 ** 50].map(formatBytes), [
    '0 bytes',
    '1 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.2 GiB',
    '1024.0 TiB',
  ]);
});

const TARGETS: readonly (readonly [resolved: EvidenceRecord['target']['resolved'], words: string])[] = [
  [{ latest: true }, 'all that is archived'],
  [{ immediate: true, backup: 'base_0' }, 'the end of the base backup, base backup base_0'],
  [{ time: '2026-11-21T02:00:00Z' }, 'time 2026-11-21T02:00:00Z'],
  [{ lsn: '0/3000028' }, 'LSN 0/3000028'],
  [{ xid: '742' }, 'transaction 742'],
  [{ name: 'before' }, 'restore point "before"'],
  [{}, 'nothing'],
];

for (const [resolved, words] of TARGETS) {
  test(`target: ${words}`, () => assert.equal(describeTarget({ asked: 'x', resolved }), words));
}

function answers(changes: Partial<EvidenceRecord>): Record<string, string> {
  const judged = judge(buildChain([changes]))[0]?.records[0];
  assert.ok(judged);
  return Object.fromEntries(fillChecklist(judged).map(({ question, answer }) => [question, answer]));
}

test('a drill that passed ticks every box of the form', () => {
  assert.deepEqual(new Set(Object.values(answers({}))), new Set(['yes']));
});

test('one that could not run ticks nothing but that it is signed', () => {
  const { recovery: _, ...rest } = buildRecord();
  const signed = buildChain([]);
  assert.deepEqual(signed, []);
  const record = {
    ...rest,
    outcome: 'unknown',
    checks: [],
    phases: [],
    versions: { walguard: '0', engine: 'x' },
  } as const;
  const answered = answers({ ...record, recovery: undefined as never });
  const { 'The record is signed, and its chain is whole up to here': proof, ...others } = answered;
  assert.equal(proof, 'yes');
  assert.deepEqual(new Set(Object.values(others)), new Set(['unknown']));
});

const check = (result: EvidenceCheck['result'], name = 'rows'): EvidenceCheck => ({
  name,
  result,
  seen: '',
  seconds: 0,
});

const CHECKS: readonly (readonly [checks: readonly EvidenceCheck[], data: string, files: string])[] = [
  [[], 'unknown', 'unknown'],
  [[check('skipped')], 'unknown', 'unknown'],
  [[check('passed'), check('skipped')], 'yes', 'unknown'],
  [[check('passed'), check('unknown')], 'unknown', 'unknown'],
  [[check('passed'), check('unknown'), check('failed')], 'no', 'unknown'],
  [[check('failed', 'amcheck'), check('passed')], 'yes', 'no'],
  [[check('passed', 'checksums'), check('failed', 'sql:x')], 'no', 'yes'],
];

for (const [checks, data, files] of CHECKS) {
  test(`form: ${checks.map(({ name, result }) => `${name} ${result}`).join(', ') || 'no checks'}`, () => {
    const answered = answers({ checks });
    assert.equal(answered['The data are there and answer as expected'], data);
    assert.equal(answered['The data files are sound'], files);
  });
}
