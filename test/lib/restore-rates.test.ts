import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidencePhase, EvidenceRecord } from '../../src/api/evidence.ts';
import { estimateSeconds, measureRates } from '../../src/lib/restore-rates.ts';
import { buildRecord } from '../support/evidence.ts';

const NOON = '2026-11-21T12:00:00.000Z';

function phase(name: EvidencePhase['name'], seconds: number, bytes?: number): EvidencePhase {
  return { name, startedAt: NOON, seconds, ...(bytes === undefined ? {} : { bytes }) };
}

function record(phases: readonly EvidencePhase[], changes: Partial<EvidenceRecord> = {}): EvidenceRecord {
  return buildRecord({ phases, ...changes });
}

const USUAL = [phase('fetch', 10, 1000), phase('start', 5), phase('replay', 20, 400)];

test('bytes by seconds, of fetch and of replay, whatever else there was', () => {
  assert.deepEqual(measureRates([record(USUAL)]), { fetch: 100, replay: 20 });
});

test('of several all together: what was large says more', () => {
  const small = [phase('fetch', 1, 10), phase('replay', 1, 1)];
  assert.deepEqual(measureRates([record(USUAL), record(small)]), { fetch: 1010 / 11, replay: 401 / 21 });
});

const NOTHING: Readonly<Record<string, readonly EvidenceRecord[]>> = {
  'no record': [],
  'a drill that failed': [record(USUAL, { outcome: 'failed' })],
  'a drill that could not run': [record(USUAL, { outcome: 'unknown' })],
  'one of a dump': [record(USUAL, { recovery: { baseBackup: '20261121T020000Z-pg_dumpall' } })],
  'one that tells of no backup': [(({ recovery: _, ...rest }) => rest)(record(USUAL))],
  'one whose sizes are not known': [record([phase('fetch', 10), phase('replay', 20)])],
  'one that replayed nothing': [record([phase('fetch', 10, 1000), phase('replay', 1, 0)])],
  'one of no time at all': [record([phase('fetch', 0, 1000), phase('replay', 0, 1000)])],
};

for (const [name, records] of Object.entries(NOTHING)) {
  test(`${name}: nothing is measured`, () => assert.equal(measureRates(records), undefined));
}

test('seconds of a plan: fetch and replay, rounded up, never none', () => {
  const rates = { fetch: 100, replay: 20 };
  assert.equal(estimateSeconds({ fetchBytes: 1000, walBytes: 401 }, rates), 31);
  assert.equal(estimateSeconds({ fetchBytes: 1000 }, rates), 10);
  assert.equal(estimateSeconds({ fetchBytes: 0, walBytes: 0 }, rates), 1);
});

test('rates that somebody made up lead to no time', () => {
  const slow = measureRates([record([phase('fetch', 1e308, 1), phase('replay', 1e308, 1)])]) ?? assert.fail();
  assert.equal(estimateSeconds({ fetchBytes: 2 ** 40, walBytes: 2 ** 30 }, slow), undefined);
  const fast = measureRates([record([phase('fetch', 1e-300, 1e300), phase('replay', 1e-300, 1e300)])]) ?? assert.fail();
  assert.equal(estimateSeconds({ fetchBytes: 2 ** 40, walBytes: 2 ** 30 }, fast), 1);
  assert.equal(estimateSeconds({ fetchBytes: 0 }, { fetch: 0, replay: 0 }), undefined);
});
