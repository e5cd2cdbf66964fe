// One record of the page: what was shown first, then how. Room: lib (pure).
import type { EvidenceCheck, EvidencePhase, EvidenceRecord, ProgramDigests } from '../../../api/evidence.ts';
import { type Html, html } from '../../html.ts';
import {
  describeSubject,
  describeTarget,
  type Figure,
  formatBytes,
  formatSeconds,
  recoveryPoint,
  recoveryTime,
} from '../figures.ts';
import { type JudgedRecord, SEAL_WORDS } from '../judged.ts';
import { formatTime, wordOf } from '../words.ts';

const TONES = { passed: 'good', failed: 'bad', unknown: 'unsure' } as const;
const OUTCOMES: Readonly<Record<string, string>> = {
  passed: 'Passed',
  completed: 'Completed',
  failed: 'Failed',
  unknown: 'Not known',
};

export function renderRecord(judged: JudgedRecord): Html {
  const { record } = judged;
  return html`<article>
<h3><span class="${TONES[record.outcome]}">${OUTCOMES[wordOf(record)]}</span>: ${describeSubject(record)}</h3>
<p>${record.message}</p>
<p class="soft">${formatTime(record.startedAt)} to ${formatTime(record.finishedAt)}, asked for by ${record.requestedBy}</p>
${renderFigures(record)}
<h4>Phases</h4>
${renderPhases(record)}
<h4>Checks</h4>
${renderChecks(record)}
<h4>What, from where, by what</h4>
${renderFacts(record)}
<h4>Proof</h4>
${renderProof(judged)}
</article>
`;
}

function renderFigures(record: EvidenceRecord): Html {
  const { baseBackup, lastTransactionAt } = record.recovery ?? {};
  const last = lastTransactionAt === undefined ? 'not known' : formatTime(lastTransactionAt);
  return html`<div class="figures">
${renderFigure('Recovery time', recoveryTime(record))}
${renderFigure('Data lost', recoveryPoint(record))}
<div class="figure"><span class="soft">Last transaction that came back</span><b>${last}</b><span class="soft">from ${baseBackup ?? 'no base backup'}</span></div>
</div>`;
}

const FIGURE = {
  met: { tone: 'good', word: 'within the objective of' },
  missed: { tone: 'bad', word: 'over the objective of' },
  unknown: { tone: 'unsure', word: 'not shown; the objective is' },
  none: { tone: 'soft', word: '' },
} as const;

function renderFigure(title: string, { state, measured, objective }: Figure): Html {
  const { tone, word } = FIGURE[state];
  return html`<div class="figure"><span class="soft">${title}</span><b>${measured}</b><span class="${tone}">${word} ${objective}</span></div>`;
}

/** Each bar stands where its phase was in the time of the whole run. */
function renderPhases({ phases, startedAt, finishedAt }: EvidenceRecord): Html {
  if (phases.length === 0) return html`<p class="soft">It did not come to any.</p>`;
  const begin = Date.parse(startedAt);
  const whole = Math.max((Date.parse(finishedAt) - begin) / 1000, 0.001);
  const share = (seconds: number) => (Math.min(Math.max(seconds / whole, 0), 1) * 100).toFixed(1);
  const row = ({ name, startedAt: at, seconds, bytes, command }: EvidencePhase) => {
    const before = share((Date.parse(at) - begin) / 1000);
    const width = Math.min(Number(share(seconds)), 100 - Number(before)).toFixed(1);
    return html`<tr><td>${name}</td><td>${formatTime(at)}</td><td class="number">${formatSeconds(seconds)}</td><td class="number">${bytes === undefined ? '' : formatBytes(bytes)}</td><td class="track"><span style="margin-left:${before}%;width:${width}%"></span></td></tr>
${command === undefined ? undefined : html`<tr><td></td><td colspan="4"><code>${command}</code></td></tr>\n`}`;
  };
  return html`<div class="wide"><table>
<tr><th>Phase</th><th>Began</th><th class="number">Took</th><th class="number">Read</th><th>In the time of the run</th></tr>
${phases.map(row)}</table></div>`;
}

const CHECK_TONES = { passed: 'good', failed: 'bad', unknown: 'unsure', skipped: 'soft' } as const;

function renderChecks({ checks, what }: EvidenceRecord): Html {
  if (checks.length === 0)
    return what === 'restore'
      ? html`<p class="soft">None: a restore is looked at by whoever asked for it. Drills check what comes back.</p>`
      : html`<p class="unsure">None ran.</p>`;
  const row = ({ name, result, expected, seen, seconds }: EvidenceCheck) =>
    html`<tr><td>${name}</td><td><span class="word ${CHECK_TONES[result]}">${result}</span></td><td><pre>${expected ?? ''}</pre></td><td><pre>${seen}</pre></td><td class="number">${formatSeconds(seconds)}</td></tr>
`;
  return html`<div class="wide"><table>
<tr><th>Check</th><th>Result</th><th>Expected</th><th>Seen</th><th class="number">Took</th></tr>
${checks.map(row)}</table></div>`;
}

function renderFacts({ database, policy, target, versions, restore }: EvidenceRecord): Html {
  const told = Object.keys(target.resolved).length === 0 ? '' : `; recovery was told: ${describeTarget(target)}`;
  return renderList([
    ['Database', `StatefulSet ${database.namespace}/${database.name}, pod ${database.instance}`],
    ['System identifier', database.systemIdentifier || 'not known'],
    ['Restored from', database.storagePrefix || 'not known'],
    ...(restore === undefined ? [] : [['Restored into', restore.destination] as const]),
    ['Policy', policy],
    ['Target', `asked for: ${target.asked}${told}`],
    ['Postgres', versions.postgres ?? 'not known'],
    ['Image', versions.image ?? 'not known'],
    ['Engine', versions.engine],
    ['walguard', versions.walguard],
    ...listDigests(versions.digests),
  ]);
}

function listDigests({ postgres, engine }: ProgramDigests = {}): (readonly [title: string, value: string])[] {
  const told = [postgres && `postgres ${postgres}`, engine && `engine ${engine}`].filter(Boolean);
  return told.length === 0 ? [] : [['SHA-256 of programs', told.join('; ')]];
}

function renderProof({ record, sha256, seal, fingerprint, joint }: JudgedRecord): Html {
  return renderList([
    ['Record', record.id],
    ['Its SHA-256', sha256],
    ['Signature', SEAL_WORDS[seal]],
    ['Signed by', fingerprint === undefined ? 'no key' : `the key with SHA-256 ${fingerprint}`],
    ['In the chain', joint.says],
    ['Record before it', record.previous === undefined ? 'none' : `SHA-256 ${record.previous}`],
  ]);
}

function renderList(entries: readonly (readonly [title: string, value: string])[]): Html {
  return html`<dl>
${entries.map(([title, value]) => html`<dt>${title}</dt><dd>${value}</dd>\n`)}</dl>`;
}
