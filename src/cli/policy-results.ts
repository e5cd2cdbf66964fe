// What `check` says of the BackupPolicies among the manifests. Room: cli (door).
import type { Reason } from '../lib/reason.ts';
import type { Located } from '../manifest/objects.ts';
import { denialsOf, judgePolicy, warningsOf } from '../policy/judge-policy.ts';
import { nameOf } from './judging.ts';
import { findPolicyLine, formatPolicyLine } from './policy-lines.ts';
import type { Judged } from './result.ts';

export interface PolicyResults {
  /** Those that are refused; of a good one nothing is said. */
  readonly refused: readonly Judged[];
  /** A line for each thing to know. */
  readonly warnings: readonly string[];
}

/** @param now RFC 3339 */
export function judgePolicies(objects: readonly Located[], now: string): PolicyResults {
  const judged = objects
    .filter(({ object }) => object.kind === 'BackupPolicy')
    .map((located) => {
      // Which engine the cluster's image holds is not known here.
      const verdict = judgePolicy(nameOf(located), located.object.spec, { now, engine: undefined });
      return { located, denials: denialsOf(verdict), warnings: warningsOf(verdict) };
    });
  return {
    refused: judged.flatMap(({ located, denials }) => (denials.length > 0 ? toJudged(located, denials) : [])),
    warnings: judged.flatMap(({ located, warnings }) =>
      warnings.map((reason) => formatPolicyLine(located, nameOf(located), reason)),
    ),
  };
}

function toJudged(located: Located, reasons: readonly Reason[]): Judged {
  const { file, line } = located;
  return {
    result: {
      name: nameOf(located),
      kind: 'BackupPolicy',
      verdict: 'refused',
      flavour: null,
      reasons,
      namespace: null,
      file: file.file,
      line,
    },
    findLine: (field) => findPolicyLine(located, field),
  };
}
