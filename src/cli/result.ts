// One judged object, as every output format of `check` has it. Room: cli (door).
import type { JudgeContext, Verdict } from '../inject/judge.ts';
import { WORKLOAD_KINDS } from '../inject/judge.ts';
import { formatReason, type Reason } from '../lib/reason.ts';
import { type Located, lineOf, parseField } from '../manifest/objects.ts';
import { judgeSafely, nameOf } from './judging.ts';

export interface Result {
  readonly name: string;
  readonly kind: string;
  readonly verdict: Verdict;
  readonly flavour: string | null;
  readonly reasons: readonly Reason[];
  readonly namespace: string | null;
  readonly file: string;
  /** Of the object. */
  readonly line: number;
}

/** In the order in which a person wants to read them. */
export const FAILING: ReadonlySet<Verdict> = new Set<Verdict>(['refused', 'unprotected']);

export interface Judged {
  readonly result: Result;
  /** Line of the field that a reason names, or of the nearest one that is there. */
  readonly findLine: (field: string) => number;
  /** What the webhook would say besides; nothing fails by it. */
  readonly warnings?: readonly Reason[];
}

export function judgeAll(objects: readonly Located[], context: JudgeContext): Judged[] {
  return objects
    .filter(({ object }) => WORKLOAD_KINDS.has(object.kind))
    .map((located) => {
      const { file, document, path, object, line } = located;
      const { verdict, flavour = null, reasons, warnings = [] } = judgeSafely(located, context);
      const namespace = typeof object.metadata.namespace === 'string' ? object.metadata.namespace : null;
      return {
        result: {
          name: nameOf(located),
          kind: object.kind,
          verdict,
          flavour,
          reasons,
          namespace,
          file: file.file,
          line,
        },
        findLine: (field) => lineOf(file, document, [...path, ...parseField(field)]),
        warnings,
      };
    });
}

/** A line for each thing to know besides. */
export function describeWarnings({ result: { file, kind, name }, findLine, warnings = [] }: Judged): string[] {
  return warnings.map((reason) => `${file}:${findLine(reason.field)}: ${kind} "${name}": ${formatReason(reason)}`);
}
