// `walguard check`: what the webhook would say, before anything is applied. Room: cli (door).
import { EXIT } from '../api/names.ts';
import { formatProblem, type Problem } from '../manifest/problem.ts';
import { gather, type JudgingOptions, openContext } from './judging.ts';
import { formatJunit } from './junit.ts';
import { judgePolicies } from './policy-results.ts';
import { describeWarnings, FAILING, type Judged, judgeAll } from './result.ts';
import { formatSarif } from './sarif.ts';
import { say } from './say.ts';
import { formatTable, summarize } from './table.ts';

export const CHECK_FORMATS = ['table', 'json', 'junit', 'sarif'] as const;

export interface CheckOptions extends JudgingOptions {
  readonly output: (typeof CHECK_FORMATS)[number];
}

export async function runCheck(options: CheckOptions, version: string): Promise<number> {
  const { objects, problems } = await gather(options);
  const policies = judgePolicies(objects, new Date().toISOString());
  const judged = [...policies.refused, ...judgeAll(objects, await openContext(options))];
  process.stdout.write(format(options.output, judged, problems, version));
  for (const problem of problems) say(formatProblem(problem));
  for (const warning of [...policies.warnings, ...judged.flatMap(describeWarnings)]) say(warning);
  say(summarize(judged));
  const failed = problems.length > 0 || judged.some(({ result }) => FAILING.has(result.verdict));
  return failed ? EXIT.failed : EXIT.ok;
}

function format(
  output: CheckOptions['output'],
  judged: readonly Judged[],
  problems: readonly Problem[],
  version: string,
): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify({ results: judged.map(({ result }) => result) }, null, 2)}\n`;
    case 'junit':
      return formatJunit(judged, problems);
    case 'sarif':
      return formatSarif(judged, problems, version);
    case 'table':
      return formatTable(judged, process.stdout.isTTY === true && !process.env.NO_COLOR);
  }
}
