// The page for an incident log: self-contained, nothing runs in it, and the signed records are in it too. The same report
// always gives the same page, so that the words of a page can be checked by making it again. Room: lib (pure).
import { type Html, html, raw } from '../html.ts';
import { BLANKS, type ChecklistItem, fillChecklist } from './checklist.ts';
import { type Chain, listFlaws } from './judged.ts';
import { renderRecord } from './page/record.ts';
import { STYLE } from './page/style.ts';
import { type EvidenceReport, embedReport } from './report.ts';
import { formatTime } from './words.ts';

/** @param chains of the report's records, judged by the keys in them */
export function renderEvidencePage(report: EvidenceReport, chains: readonly Chain[]): string {
  const names = chains.map(({ namespace, database }) => `${namespace}/${database}`).join(', ');
  return `<!doctype html>
${
  html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Evidence of restores: ${names}</title>
<style>
${raw(STYLE)}
</style>
</head>
<body>
<header>
<h1>Evidence of restores: ${names || 'no records'}</h1>
<p class="soft">Made on ${formatTime(report.generatedAt)} by walguard ${report.walguard} from ${countRecords(report.records.length)}. To check this file, words and records: <code>walguard drill verify-report --public-key public.pem FILE</code></p>
</header>
<main>
${chains.map(renderChain)}</main>
${raw(embedReport(report))}
</body>
</html>
`.text
}`;
}

function countRecords(count: number): string {
  return count === 1 ? '1 record' : `${count} records`;
}

/** Newest first: what counts is how it is now. */
function renderChain(chain: Chain): Html {
  const { namespace, database, records } = chain;
  const newestDrill = records.findLast(({ record }) => record.what === 'drill');
  return html`<section>
<h2>${namespace}/${database}: ${countRecords(records.length)}</h2>
${renderChainState(chain)}
${records.toReversed().map(renderRecord)}${newestDrill ? renderForm(newestDrill.record.id, fillChecklist(newestDrill)) : undefined}</section>
`;
}

function renderChainState(chain: Chain): Html {
  const flaws = listFlaws(chain, false);
  const [key] = chain.fingerprints;
  const state =
    flaws.length === 0
      ? html`<p><span class="word good">Chain whole:</span> every record is signed and follows the one before it.</p>`
      : html`<p><span class="word bad">Not whole:</span> ${flaws.join('; ')}.</p>`;
  const signer =
    key === undefined
      ? html`<p class="unsure">No record has a valid signature.</p>`
      : html`<p class="soft">Key, as SHA-256 of its SPKI: <code>${chain.fingerprints.join(', ')}</code>. It stands in this file, so it shows that nothing was altered since it was signed. Who signed is shown by comparing it with a copy that was kept elsewhere.</p>`;
  return html`${state}
${signer}`;
}

const ANSWERS = {
  yes: { mark: 'x', word: 'yes', tone: 'good' },
  no: { mark: '', word: 'no', tone: 'bad' },
  unknown: { mark: '', word: 'not shown', tone: 'unsure' },
} as const;

function renderForm(id: string, items: readonly ChecklistItem[]): Html {
  const row = ({ question, answer, detail }: ChecklistItem) => {
    const { mark, word, tone } = ANSWERS[answer];
    return html`<tr><td><span class="box">${mark}</span></td><td>${question}</td><td class="${tone} word">${word}</td><td>${detail}</td></tr>
`;
  };
  return html`<section class="form">
<h3>Quarterly restore drill</h3>
<p class="soft">Filled in from record <code>${id}</code>. What the run does not show by itself is left to be written by hand.</p>
<div class="wide"><table>
<tr><th></th><th>Step</th><th>Done</th><th>As recorded</th></tr>
${items.map(row)}</table></div>
<table>
${BLANKS.map((blank) => html`<tr><td class="blank">${blank}</td><td></td></tr>\n`)}</table>
</section>
`;
}
