// What a rule is, and how the findings of many become one answer. Room: policy (pure).
import type { Reason } from '../lib/reason.ts';

/** deny: refused where the mode is enforce. warn: let in, and said. */
export type Severity = 'deny' | 'warn';

/** A reason without its code: that is the rule's id. */
export type Finding = Omit<Reason, 'code'>;

export interface Rule<Facts> {
  /** Kebab-case: also the name of the file, the code in messages, the label of the metric and the anchor in policies/README.md. */
  readonly id: string;
  /** Version of walguard that brought the rule, or its present meaning. */
  readonly since: string;
  readonly severity: Severity;
  /** One sentence in plain words: what must hold. */
  readonly describe: string;
  /** What to do in general; each finding carries the remedy for its own case. */
  readonly remedy: string;
  /** One finding for each wrong field; none where the rule is met or has nothing to say. */
  readonly check: (facts: Facts) => readonly Finding[];
}

export interface Judged {
  readonly severity: Severity;
  readonly reason: Reason;
}

/** All findings of all rules: denials first, then by code and field, so that the same object always gets the same message. */
export function evaluate<Facts>(rules: readonly Rule<Facts>[], facts: Facts): readonly Judged[] {
  const found = rules.flatMap(({ id, severity, check }) =>
    check(facts).map((finding) => ({ severity, reason: { code: id, ...finding } })),
  );
  return sortJudged(found);
}

export function sortJudged(judged: readonly Judged[]): Judged[] {
  return [...judged].sort((a, b) => compare(a.severity, b.severity) || compare(keyOf(a), keyOf(b)));
}

function keyOf({ reason }: Judged): string {
  return `${reason.code}\n${reason.field}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
