import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildReport, type Extract, embedReport, extractEvidence } from '../../../src/lib/evidence/report.ts';
import { buildChain } from '../../support/evidence.ts';

const CHAIN = buildChain([{}, {}]);
const REPORT = buildReport(CHAIN, '2026-11-21T09:00:00Z', '0.1.0');

function extract(text: string): Extract {
  const extracted = extractEvidence(text);
  assert.ok(!('problem' in extracted), 'problem' in extracted ? extracted.problem : '');
  return extracted;
}

const FORMS: readonly (readonly [name: string, text: string, count: number])[] = [
  ['a file of the store', `${JSON.stringify(CHAIN[0])}\n`, 1],
  ['JSON lines', CHAIN.map((each) => `${JSON.stringify(each)}\n`).join(''), 2],
  ['a report', JSON.stringify(REPORT, null, 2), 2],
  ['a page', `<!doctype html>\n<html><body>${embedReport(REPORT)}</body></html>`, 2],
  ['a page with a byte order mark', `\ufeff<!doctype html>${embedReport(REPORT)}`, 2],
];

for (const [name, text, count] of FORMS) {
  test(`evidence is found in ${name}`, () => {
    const { entries } = extract(text);
    assert.deepEqual(
      entries,
      CHAIN.slice(0, count).map((value) => ({ value })),
    );
  });
}

test('a page and a report tell when and by what they were made', () => {
  assert.deepEqual(extract(`<html>${embedReport(REPORT)}`), {
    entries: CHAIN.map((value) => ({ value })),
    report: REPORT,
    isPage: true,
  });
  assert.equal(extract(JSON.stringify(REPORT)).isPage, false);
});

test('one bad entry does not hide the others', () => {
  const [first] = CHAIN;
  const { entries } = extract(JSON.stringify({ ...REPORT, records: [first, { record: 1 }, null] }));
  assert.deepEqual(entries, [
    { value: first },
    { problem: 'records[1]: "record" is no text' },
    { problem: 'records[2]: it is no evidence: there is no "record" in it' },
  ]);
  assert.deepEqual(extract(`${JSON.stringify(first)}\n{"record"\n`).entries, [
    { value: first },
    { problem: 'line 2: it is no JSON' },
  ]);
});

const NONE: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['nothing', ' \n', /it is empty/],
  ['words', 'hello', /neither JSON nor JSON lines, nor a page/],
  ['many words', 'x\n'.repeat(1_500_000), /neither JSON nor JSON lines/],
  ['a line of JSON and many words', `{}\n${'x\n'.repeat(1_500_000)}`, /more than 20 of its 1500001 entries are none/],
  [
    'a report of nothings',
    JSON.stringify({ ...REPORT, records: Array(1_000_000).fill(0) }),
    /more than 20 of its 1000000 entries/,
  ],
  ['another page', '<html></html>', /it has 0 blocks of evidence where a page has 1/],
  ['two blocks', `<html>${embedReport(REPORT)}${embedReport(REPORT)}`, /it has 2 blocks/],
  ['a block that is cut', '<html><script type="application/json" id="walguard-evidence">{"kind":', /no JSON/],
  [
    'a block with a record alone',
    '<html><script type="application/json" id="walguard-evidence">{"record":""}</script>',
    /no EvidenceReport/,
  ],
  [
    'a report of another version',
    JSON.stringify({ ...REPORT, apiVersion: 'walguard.dev/v9' }),
    /version that is not walguard/,
  ],
  ['a report without a time', JSON.stringify({ ...REPORT, generatedAt: 'now' }), /without a valid generatedAt/],
  ['a report without a list', JSON.stringify({ ...REPORT, records: { length: 3 } }), /records are no list/],
];

for (const [name, text, problem] of NONE) {
  test(`no evidence: ${name}`, () => {
    const extracted = extractEvidence(text);
    assert.ok('problem' in extracted);
    assert.match(extracted.problem, problem);
  });
}

test('nothing in a record can end the block that it is in', () => {
  const hostile = buildChain([{ message: '</script><script>alert(1)</script><!--' }]);
  const block = embedReport(buildReport(hostile, '2026-11-21T09:00:00Z', '0.1.0'));
  assert.equal(block.match(/</g)?.length, 2, 'those of the block itself');
  assert.deepEqual(extract(`<html>${block}`).entries, [{ value: hostile[0] }]);
});
