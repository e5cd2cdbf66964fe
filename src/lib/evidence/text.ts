// Records as lines for a terminal. Room: lib (pure).
import type { EvidenceRecord } from '../../api/evidence.ts';
import { toPrintableLine } from '../printable.ts';
import { type Figure, recoveryPoint, recoveryTime } from './figures.ts';
import { type Chain, type JudgedRecord, listFlaws } from './judged.ts';
import { formatTime, wordOf } from './words.ts';

const HEAD = ['FINISHED', 'WHAT', 'RESULT', 'RECOVERY TIME', 'DATA LOST'];

/** Oldest first, so that the newest is what one sees last. @param isAnchored keys to trust were named */
export function renderEvidenceText(chains: readonly Chain[], isAnchored = false): string {
  return chains.map((chain) => renderChain(chain, isAnchored)).join('\n');
}

function renderChain(chain: Chain, isAnchored: boolean): string {
  const rows = [HEAD, ...chain.records.map(({ record }) => toRow(record))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
  const [head = '', ...others] = lines;
  const body = others.flatMap((line, index) => [line, ...explain(chain.records[index] as JudgedRecord)]);
  const title = `${chain.namespace}/${chain.database}: ${describeChain(chain, isAnchored)}`;
  const flaws = listFlaws(chain, isAnchored).map((flaw) => `  ${toPrintableLine(flaw)}`);
  return `${[toPrintableLine(title), ...flaws, head, ...body].join('\n')}\n`;
}

function toRow(record: EvidenceRecord): string[] {
  const cells = [
    formatTime(record.finishedAt),
    `${record.what} ${record.name}`,
    wordOf(record),
    compare(recoveryTime(record)),
    compare(recoveryPoint(record)),
  ];
  return cells.map(toPrintableLine);
}

function compare({ state, measured, objective }: Figure): string {
  if (state === 'none') return measured;
  if (state === 'unknown') return `${measured} (of ${objective})`;
  return `${measured} ${state === 'missed' ? 'OVER' : 'of'} ${objective}`;
}

/** Of one that passed nothing more has to be said. */
function explain({ record }: JudgedRecord): string[] {
  if (record.outcome === 'passed') return [];
  const checks = record.checks.filter(({ result }) => result === 'failed' || result === 'unknown');
  return [
    `  ${record.message}`,
    ...checks.map(
      ({ name, result, expected, seen }) =>
        `  ${name}: ${result}: ${expected === undefined ? '' : `expected ${expected}, `}seen ${seen}`,
    ),
  ].map((line) => `  ${toPrintableLine(line.trim())}`);
}

/** @returns such as `12 records, chain whole, signed by the key with SHA-256 9f86...`; the flaws are told by listFlaws */
export function describeChain(chain: Chain, isAnchored = false): string {
  const count = chain.records.length === 1 ? '1 record' : `${chain.records.length} records`;
  const state = listFlaws(chain, isAnchored).length === 0 ? 'chain whole' : 'NOT WHOLE';
  const keys = chain.fingerprints.map((fingerprint) => `the key with SHA-256 ${fingerprint}`);
  return `${count}, ${state}${keys.length === 0 ? '' : `, signed by ${keys.join(' and ')}`}`;
}
