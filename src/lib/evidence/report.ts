// What `walguard drill report` writes: the signed records as they are, and nothing beside them that would have to be believed.
// Room: lib (pure).
import type { SignedEvidence } from '../../api/evidence.ts';
import { API_VERSION } from '../../api/names.ts';
import { isObject } from '../json.ts';
import { type Parsed, parseJson, toSigned } from './parse.ts';

export interface EvidenceReport {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'EvidenceReport';
  /** RFC 3339. */
  readonly generatedAt: string;
  /** Version of the walguard that made it: the words of a page are its own. */
  readonly walguard: string;
  readonly records: readonly SignedEvidence[];
}

export function buildReport(records: readonly SignedEvidence[], generatedAt: string, walguard: string): EvidenceReport {
  return { apiVersion: API_VERSION, kind: 'EvidenceReport', generatedAt, walguard, records };
}

/** What a file with evidence holds. */
export interface Extract {
  readonly entries: readonly Parsed<SignedEvidence>[];
  /** Of a page or a report: the report itself. */
  readonly report?: EvidenceReport;
  /** Is it a page, whose words are to be compared as well? */
  readonly isPage: boolean;
}

const BLOCK_BEGIN = '<script type="application/json" id="walguard-evidence">';
const BLOCK_END = '</script>';

/** Inert: nothing runs it. Neither a `<` is left in it, which could end it, nor what would steer an editor. */
export function embedReport(report: EvidenceReport): string {
  return `${BLOCK_BEGIN}${JSON.stringify(report).replace(/[<\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeJson)}${BLOCK_END}`;
}

/** In a string of JSON, as its UTF-16 units. */
function escapeJson(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** @param text a file of the store, a report as JSON, JSON lines, or a page; the problem is of the whole file */
export function extractEvidence(text: string): Extract | { readonly problem: string } {
  const begin = text.replace(/^\ufeff/, '').trimStart();
  if (begin === '') return { problem: 'it is empty' };
  if (begin.startsWith('<')) return extractFromPage(begin);
  const whole = parseJson(begin);
  if ('value' in whole) return fromValue(whole.value, false);
  const lines = begin.split('\n').filter((line) => line.trim() !== '');
  // Not each of its lines is to be told of a file that is something else.
  if (lines.length < 2 || 'problem' in parseJson(lines[0] ?? ''))
    return { problem: 'it is neither JSON nor JSON lines, nor a page of `drill report`' };
  return collect(lines, fromLine);
}

const MAX_PROBLEMS = 20;

function collect<Item>(
  items: readonly Item[],
  parse: (item: Item, index: number) => Parsed<SignedEvidence>,
): { readonly entries: Parsed<SignedEvidence>[]; readonly isPage: false } | { readonly problem: string } {
  const entries: Parsed<SignedEvidence>[] = [];
  let problems = 0;
  for (const [index, item] of items.entries()) {
    const entry = parse(item, index);
    if ('problem' in entry && ++problems > MAX_PROBLEMS)
      return {
        problem: `more than ${MAX_PROBLEMS} of its ${items.length} entries are none, the last one seen: ${entry.problem}`,
      };
    entries.push(entry);
  }
  return { entries, isPage: false };
}

function fromLine(line: string, index: number): Parsed<SignedEvidence> {
  const parsed = parseJson(line);
  const signed = 'value' in parsed ? toSigned(parsed.value) : { problem: 'it is no JSON' };
  return 'problem' in signed ? { problem: `line ${index + 1}: ${signed.problem}` } : signed;
}

function extractFromPage(text: string): Extract | { readonly problem: string } {
  const parts = text.split(BLOCK_BEGIN);
  const json = parts[1]?.split(BLOCK_END)[0];
  if (parts.length !== 2 || json === undefined)
    return {
      problem: `it is no page of \`drill report\`: it has ${parts.length - 1} blocks of evidence where a page has 1`,
    };
  const parsed = parseJson(json);
  if ('problem' in parsed) return { problem: 'the block of evidence in this page is no JSON' };
  if (!isObject(parsed.value) || parsed.value.kind !== 'EvidenceReport')
    return { problem: 'the block of evidence in this page holds no EvidenceReport' };
  return fromValue(parsed.value, true);
}

function fromValue(value: unknown, isPage: boolean): Extract | { readonly problem: string } {
  if (!isObject(value) || value.kind !== 'EvidenceReport') return { entries: [toSigned(value)], isPage };
  const { apiVersion, generatedAt, walguard, records } = value;
  if (apiVersion !== API_VERSION) return { problem: `it is an EvidenceReport of a version that is not ${API_VERSION}` };
  if (typeof generatedAt !== 'string' || Number.isNaN(Date.parse(generatedAt)) || typeof walguard !== 'string')
    return { problem: 'it is an EvidenceReport without a valid generatedAt or walguard' };
  if (!Array.isArray(records)) return { problem: 'it is an EvidenceReport whose records are no list' };
  const collected = collect(records, (each, index) => {
    const signed = toSigned(each);
    return 'problem' in signed ? { problem: `records[${index}]: ${signed.problem}` } : signed;
  });
  if ('problem' in collected) return collected;
  const { entries } = collected;
  const signed = entries.flatMap((entry) => ('value' in entry ? [entry.value] : []));
  return { entries, report: buildReport(signed, generatedAt, walguard), isPage };
}
