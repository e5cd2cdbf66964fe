// JUnit's XML, as CI servers read it: a test case for each workload. Room: cli (door).
import { formatReason } from '../lib/reason.ts';
import { formatProblem, type Problem } from '../manifest/problem.ts';
import { FAILING, type Judged, type Result } from './result.ts';

export function formatJunit(judged: readonly Judged[], problems: readonly Problem[]): string {
  const results = judged.map(({ result }) => result);
  const failures = results.filter(({ verdict }) => FAILING.has(verdict)).length;
  const skipped = results.filter(({ verdict }) => verdict === 'ignored' || verdict === 'exempt').length;
  const counts = attributes({
    name: 'walguard check',
    tests: String(results.length + problems.length),
    failures: String(failures),
    errors: String(problems.length),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${counts}>`,
    `  <testsuite${counts}${attributes({ skipped: String(skipped) })}>`,
    ...results.flatMap(formatCase),
    ...problems.flatMap(formatError),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function formatCase(result: Result): string[] {
  const { namespace, name, kind, file, line } = result;
  const title = `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
  return wrap(attributes({ name: title, classname: file, file, line: String(line) }), formatOutcome(result));
}

function formatOutcome({ verdict, reasons }: Result): string[] {
  if (FAILING.has(verdict)) {
    const [first] = reasons;
    const head = attributes({ message: first ? formatReason(first) : verdict, type: first?.code ?? verdict });
    return [`      <failure${head}>${escapeXml(reasons.map(formatReason).join('\n'))}</failure>`];
  }
  if (verdict === 'protected') return [];
  return [`      <skipped${attributes({ message: [verdict, ...reasons.map(formatReason)].join(': ') })}/>`];
}

function formatError(problem: Problem): string[] {
  const text = formatProblem(problem);
  const head = attributes({ message: text, type: 'unreadable' });
  return wrap(attributes({ name: problem.file, classname: problem.file }), [
    `      <error${head}>${escapeXml(text)}</error>`,
  ]);
}

function wrap(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`    <testcase${head}/>`] : [`    <testcase${head}>`, ...lines, '    </testcase>'];
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters have no place in XML 1.0, not even escaped. */
function escapeXml(text: string): string {
  return [...text]
    .filter((char) => char >= ' ' || char === '\n' || char === '\t')
    .map((char) => ENTITIES[char] ?? char)
    .join('');
}
