// `walguard drill report`: the evidence of drills and restores for people and programs. Room: cli (door).
import type { SignedEvidence } from '../api/evidence.ts';
import { EXIT } from '../api/names.ts';
import { parseDurationSeconds } from '../lib/duration.ts';
import { type Chain, judgeRecords, listFlaws, type SealedRecord } from '../lib/evidence/judged.ts';
import { renderEvidencePage } from '../lib/evidence/page.ts';
import type { Parsed } from '../lib/evidence/parse.ts';
import { buildReport } from '../lib/evidence/report.ts';
import { renderEvidenceText } from '../lib/evidence/text.ts';
import { toPrintableLine } from '../lib/printable.ts';
import type { ClusterOptions } from './evidence-cluster.ts';
import { readEvidenceFiles, readTrusted, sealRecord } from './evidence-input.ts';
import { say } from './say.ts';
import { UsageError } from './usage-error.ts';

export const REPORT_FORMATS = ['text', 'json', 'html'] as const;

export interface ReportOptions extends ClusterOptions {
  readonly records?: string;
  readonly output: (typeof REPORT_FORMATS)[number];
  readonly since?: string;
  readonly last?: number;
  /** Paths. */
  readonly publicKey: readonly string[];
}

export async function runReport(
  database: string | undefined,
  options: ReportOptions,
  version: string,
  signal: AbortSignal,
): Promise<number> {
  const now = new Date();
  const since = options.since === undefined ? undefined : parseSince(options.since, now.getTime());
  const trusted = await readTrusted(options.publicKey);
  const isAnchored = trusted.length > 0;
  const tellFlaws = (chain: Chain) => describeFlaws(chain, isAnchored);
  const { entries, isAll } = await read(database, options, signal);
  const sealed = entries.flatMap(({ file, entry }) => seal(file, entry, trusted));
  const chains = judgeRecords(sealed.filter(({ record }) => isWanted(record.database, database, options.namespace)));
  const kept = chains.flatMap((chain) => cut(chain, since, options.last));
  const problems = entries.length - sealed.length;
  if (kept.length === 0) {
    say(
      `no record ${chains.length === 0 ? 'of such a database' : 'since then'} is among the ${sealed.length} that were read`,
    );
    return EXIT.notFound;
  }
  // Judged again as they are printed, so that a page can be checked by what is in it.
  const shown = judgeRecords(kept);
  process.stdout.write(format(options.output, shown, isAnchored, now.toISOString(), version));
  // Those of records that are not shown, too: they were read. The text has its own in it.
  const told = options.output === 'text' ? new Set(shown.flatMap(tellFlaws)) : new Set();
  const flaws = chains.flatMap(tellFlaws);
  for (const flaw of flaws) if (!told.has(flaw)) say(toPrintableLine(flaw));
  return isAll && problems === 0 && flaws.length === 0 ? EXIT.ok : EXIT.failed;
}

function describeFlaws(chain: Chain, isAnchored: boolean): string[] {
  return listFlaws(chain, isAnchored).map((flaw) => `${chain.namespace}/${chain.database}: ${flaw}`);
}

interface Read {
  readonly entries: readonly { readonly file: string; readonly entry: Parsed<SignedEvidence> }[];
  readonly isAll: boolean;
}

async function read(database: string | undefined, options: ReportOptions, signal: AbortSignal): Promise<Read> {
  if (options.records !== undefined) {
    const { files, problems } = await readEvidenceFiles([options.records]);
    for (const problem of problems) say(toPrintableLine(problem));
    const entries = files.flatMap(({ file, extract }) => extract.entries.map((entry) => ({ file, entry })));
    return { entries, isAll: problems.length === 0 };
  }
  if (database === undefined)
    throw new UsageError('name a database, whose sidecar then reads the store, or a copy of the records by --records');
  // Loaded when it is asked for: the Kubernetes client is the largest package of all.
  const { readFromCluster } = await import('./evidence-cluster.ts');
  const { extract, isAll } = await readFromCluster(database, options, signal);
  return { entries: extract.entries.map((entry) => ({ file: database, entry })), isAll };
}

function seal(file: string, entry: Parsed<SignedEvidence>, trusted: readonly string[]): SealedRecord[] {
  const sealed = 'value' in entry ? sealRecord(entry.value, trusted) : entry;
  if (!('problem' in sealed)) return [sealed];
  say(toPrintableLine(`${file}: ${sealed.problem}; it is left out`));
  return [];
}

function isWanted(
  of: { readonly namespace: string; readonly name: string },
  database: string | undefined,
  namespace: string | undefined,
): boolean {
  return (database === undefined || of.name === database) && (namespace === undefined || of.namespace === namespace);
}

/** The newest ones, without one between them left out: what is shown stays a chain. */
function cut({ records }: Chain, since: number | undefined, last: number | undefined): SealedRecord[] {
  const begin = since === undefined ? 0 : records.findIndex(({ record }) => Date.parse(record.finishedAt) >= since);
  if (begin === -1) return [];
  const recent = records.slice(begin);
  return last === undefined ? recent : recent.slice(-last);
}

function format(
  output: ReportOptions['output'],
  chains: readonly Chain[],
  isAnchored: boolean,
  generatedAt: string,
  version: string,
): string {
  if (output === 'text') return renderEvidenceText(chains, isAnchored);
  const signed = chains.flatMap(({ records }) => records.map((each) => each.signed));
  const report = buildReport(signed, generatedAt, version);
  if (output === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  // Its words follow from its records alone, whichever keys somebody named.
  return renderEvidencePage(report, judgeRecords(signed.flatMap((each) => seal('', { value: each }, []))));
}

const SINCE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** @returns Unix milliseconds. @param text a day, a time with a zone, or a duration back from now */
export function parseSince(text: string, now: number): number {
  const time = SINCE.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  try {
    return now - parseDurationSeconds(text) * 1000;
  } catch {
    throw new UsageError(
      `--since "${text}" is neither a day (2026-10-01), nor a time with a zone (2026-10-01T00:00:00Z), nor a duration (90d)`,
    );
  }
}
