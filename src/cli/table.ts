// The table of `check`: aligned columns without lines, so that grep and awk can read it too. Room: cli (door).
import { VERDICTS } from '../inject/judge.ts';
import { formatReason } from '../lib/reason.ts';
import { FAILING, type Judged, type Result } from './result.ts';

const GAP = '   ';
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const COLOURS: Readonly<Partial<Record<Result['verdict'], number>>> = {
  protected: GREEN,
  refused: RED,
  unprotected: RED,
  exempt: YELLOW,
};

export function formatTable(judged: readonly Judged[], colour: boolean): string {
  const results = judged.map(({ result }) => result);
  if (results.length === 0) return '';
  const withNamespace = results.some(({ namespace }) => namespace !== null);
  const rows = [
    ['NAMESPACE', 'NAME', 'KIND', 'VERDICT', 'FLAVOUR'],
    ...results.map(({ namespace, name, kind, verdict, flavour }) => [
      namespace ?? '-',
      name || '-',
      kind,
      verdict,
      flavour ?? '-',
    ]),
  ].map((row) => (withNamespace ? row : row.slice(1)));
  const [head = '', ...lines] = align(rows);
  const body = lines.flatMap((line, index) => {
    const result = results[index] as Result;
    return [colour ? paint(line, result.verdict) : line, ...explain(result)];
  });
  return `${[head, ...body].join('\n')}\n`;
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function paint(line: string, verdict: Result['verdict']): string {
  const code = COLOURS[verdict];
  return code === undefined ? line : line.replace(` ${verdict}`, ` \u001b[${code}m${verdict}\u001b[0m`);
}

function explain({ verdict, reasons }: Result): string[] {
  return FAILING.has(verdict) ? reasons.map((reason) => `  ${formatReason(reason)}`) : [];
}

/** `3 workloads: 2 protected, 1 refused` */
export function summarize(judged: readonly Judged[]): string {
  const counts = VERDICTS.map((verdict) => {
    const count = judged.filter(({ result }) => result.verdict === verdict).length;
    return count === 0 ? '' : `${count} ${verdict}`;
  }).filter((text) => text !== '');
  const one = judged.some(({ result }) => result.kind === 'BackupPolicy') ? 'object' : 'workload';
  const what = judged.length === 1 ? `1 ${one}` : `${judged.length || 'no'} ${one}s`;
  return counts.length === 0 ? `${what} found` : `${what}: ${counts.join(', ')}`;
}
