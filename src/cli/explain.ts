// `walguard explain`: each field that injection adds, and who asked for it. Room: cli (door).
import type { StatefulSet } from '../api/kubernetes.ts';
import { EXIT } from '../api/names.ts';
import { type Explanation, explain } from '../inject/explain.ts';
import type { JudgeContext } from '../inject/judge.ts';
import { strip } from '../inject/strip.ts';
import { formatReason } from '../lib/reason.ts';
import type { Located } from '../manifest/objects.ts';
import { formatProblem } from '../manifest/problem.ts';
import { gather, type JudgingOptions, nameOf, openContext } from './judging.ts';
import { isWorkload, type Outcome, planInjection } from './plan.ts';
import { say } from './say.ts';

export const EXPLAIN_FORMATS = ['text', 'json'] as const;

export interface ExplainOptions extends JudgingOptions {
  readonly output: (typeof EXPLAIN_FORMATS)[number];
}

interface Explained {
  readonly name: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly file: string;
  readonly line: number;
  readonly outcome: Outcome;
  readonly fields: readonly Explanation[];
}

export async function runExplain(options: ExplainOptions): Promise<number> {
  const context = await openContext(options);
  const { objects, problems } = await gather(options);
  const explained = objects.filter(isWorkload).map((located) => explainObject(located, context));
  process.stdout.write(options.output === 'json' ? formatJson(explained) : explained.map(formatText).join('\n'));
  for (const problem of problems) say(formatProblem(problem));
  const failed = problems.length > 0 || explained.some(({ outcome }) => outcome.kind === 'refused');
  return failed ? EXIT.failed : EXIT.ok;
}

/** What is injected already is explained as well: as if it were not. */
function explainObject(located: Located, context: JudgeContext): Explained {
  const { object, line, file } = located;
  const namespace = object.metadata.namespace ?? null;
  const outcome = planInjection(located, context);
  const fields =
    outcome.kind === 'changed' && outcome.settings
      ? explain(strip(object as StatefulSet), outcome.after as StatefulSet, outcome.settings)
      : [];
  return { name: nameOf(located), kind: object.kind, namespace, file: file.file, line, outcome, fields };
}

function formatText({ name, kind, file, line, outcome, fields }: Explained): string {
  const head = `${name} (${kind}) in ${file}:${line}`;
  if (outcome.kind === 'left-alone') return `${head} is left alone: ${outcome.why}\n`;
  if (outcome.kind === 'refused') return `${head} is refused:\n${block(outcome.reasons.map(formatReason))}`;
  return `${head} gets:\n${block(fields.flatMap(({ path, value, why }) => [`${path}: ${value}`, `    ${why}`]))}`;
}

function block(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}

function formatJson(explained: readonly Explained[]): string {
  const results = explained.map(({ name, kind, namespace, file, line, outcome, fields }) => ({
    name,
    kind,
    fields,
    reasons: outcome.kind === 'refused' ? outcome.reasons : [],
    leftAlone: outcome.kind === 'left-alone' ? outcome.why : null,
    namespace,
    file,
    line,
  }));
  return `${JSON.stringify({ results }, null, 2)}\n`;
}
