// The page and the text are product text: golden files. What is hostile in a record stays text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EvidenceRecord, SignedEvidence } from '../../../src/api/evidence.ts';
import { renderEvidencePage } from '../../../src/lib/evidence/page.ts';
import { buildReport, extractEvidence } from '../../../src/lib/evidence/report.ts';
import { renderEvidenceText } from '../../../src/lib/evidence/text.ts';
import { buildChain, buildRecord, judge } from '../../support/evidence.ts';
import { openGoldenFolder } from '../../support/golden.ts';

const golden = openGoldenFolder(import.meta.url, '../golden/evidence/');

function render(signed: readonly SignedEvidence[]): string {
  return renderEvidencePage(buildReport(signed, '2026-11-21T09:00:00Z', '0.1.0'), judge(signed));
}

/** The drill as it was on that day of the month. */
function on(number: string): Omit<EvidenceRecord, 'id'> {
  const { id: _, ...rest } = buildRecord();
  return JSON.parse(JSON.stringify(rest).replaceAll('2026-11-21', `2026-11-${number}`));
}

/** A drill that could not run, one that found something, a restore, and a good drill; a record between is missing. */
function story(): SignedEvidence[] {
  const checks = [
    { name: 'control-file', result: 'passed', seen: 'in production, timeline 2', seconds: 0.1 },
    { name: 'rows', result: 'failed', expected: '1204118 in public.orders', seen: '0 in public.orders', seconds: 2.2 },
    {
      name: 'sql:<orders> & "more"',
      result: 'unknown',
      expected: 't',
      seen: 'canceling statement due to timeout',
      seconds: 60,
    },
  ] as const;
  const [none, bad, , restore, good] = buildChain([
    {
      ...on('10'),
      outcome: 'unknown',
      message: 'no node had room for the copy',
      checks: [],
      phases: [],
      recovery: undefined as never,
    },
    { ...on('11'), outcome: 'failed', message: 'the table public.orders came back empty', checks },
    { ...on('12') },
    {
      ...on('20'),
      what: 'restore',
      name: 'orders-before',
      requestedBy: 'alice@example.org',
      restore: { uid: '0e2c1c8a-3b5f-4c1d-9a55-1f5f7c3a1b11', destination: 'StatefulSet "orders-before"' },
      target: { asked: '2026-11-20T02:00:00Z', resolved: { time: '2026-11-20T02:00:00Z' } },
      message: 'StatefulSet "orders-before" is promoted and archives on its own',
      startedAt: '2026-11-20T02:10:00.000Z',
      finishedAt: '2026-11-20T02:30:10.000Z',
      phases: [
        { name: 'fetch', startedAt: '2026-11-20T02:10:00.000Z', seconds: 900, bytes: 1_288_490_188 },
        { name: 'replay', startedAt: '2026-11-20T02:25:00.000Z', seconds: 310 },
      ],
      recovery: { baseBackup: 'base_000000010000000000000042', rtoSeconds: 1210 },
      objectives: { rtoSeconds: 900 },
      checks: [],
    },
    { ...on('21') },
  ]) as [SignedEvidence, SignedEvidence, SignedEvidence, SignedEvidence, SignedEvidence];
  return [none, bad, restore, good];
}

test('the page', () => golden.assert('page.html', render(story())));
test('the page of one drill', () => golden.assert('one.html', render(buildChain([{}]))));
test('the text', () => golden.assert('report.txt', renderEvidenceText(judge(story()))));

test('a page needs nothing beside itself, and nothing runs in it', () => {
  const page = render(story());
  assert.doesNotMatch(page, /\b(?:src|href)=|@import|url\(|\son\w+=/);
  assert.deepEqual(page.match(/<script[^>]*>/g), ['<script type="application/json" id="walguard-evidence">']);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
});

test('a page is made again, the same, from what is in it', () => {
  const page = render(story());
  const extracted = extractEvidence(page);
  assert.ok('report' in extracted && extracted.report);
  assert.equal(renderEvidencePage(extracted.report, judge(extracted.report.records)), page);
});

const HOSTILE = `</td><img src=x onerror=alert(1)> "' & \u202e\u001b[31m</script><!--`;

test('whatever a record says, its page has the same elements', () => {
  const tags = (page: string) =>
    page
      .match(/<\/?[a-z!][^\s>]*/gi)
      ?.filter((tag) => tag !== '<pre')
      .join(' ');
  const plain = tags(render([...withWords('words')]));
  fc.assert(
    fc.property(fc.oneof(fc.constant(HOSTILE), fc.string({ unit: 'binary' }), fc.string()), (words) => {
      const page = render(withWords(words));
      assert.equal(tags(page), plain);
      assert.doesNotMatch(page, /(?![\n\t])[\p{Cc}\p{Cf}]/u);
    }),
    { numRuns: 200 },
  );
});

/** In every field that takes any text. */
function withWords(words: string): SignedEvidence[] {
  const record = buildRecord();
  return buildChain([
    {
      name: words,
      requestedBy: words,
      policy: words,
      message: words,
      database: { namespace: words, name: words, instance: words, systemIdentifier: words, storagePrefix: words },
      restore: { uid: words, destination: words },
      target: { asked: words, resolved: { name: words, backup: words } },
      phases: record.phases.map((phase) => ({ ...phase, command: words })),
      recovery: { baseBackup: words },
      checks: [{ name: `rows${words}`, result: 'failed', expected: words, seen: words, seconds: 1 }],
      versions: { walguard: words, engine: words, postgres: words, image: words },
    },
  ]);
}

test('no record steers the terminal', () => {
  const record = withWords('\u001b]0;owned\u0007\r\nfine');
  const text = renderEvidenceText(judge(record.map(({ record: text }) => ({ record: text }))));
  assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u);
  assert.match(text, /\\u\{1b\}\]0;owned\\u\{7\}\\u\{d\} fine/);
});

test('every golden file is compared', () => golden.assertNoStale());
