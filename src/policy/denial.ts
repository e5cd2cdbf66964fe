// What a refused person reads. Room: policy (pure).
import { formatReason, type Reason } from '../lib/reason.ts';
import type { Judged } from './rule.ts';

/**
 * All that is wrong, so that it is mended at once, and of the warnings those that may be why: a name or value of an
 * annotation. One reason is one line, more are a list.
 *
 * @param what such as `StatefulSet "orders"`: the answer of an API server to a file of many objects does not say which
 */
export function describeDenial(what: string, findings: readonly Judged[]): string {
  const reasons = findings.filter(isWhy).map(({ reason }) => reason);
  const [first, ...more] = reasons;
  if (!first) return what;
  if (more.length === 0) return formatReason({ ...first, field: `${what}: ${first.field}` });
  return [
    `${what} is refused for ${reasons.length} reasons:`,
    ...reasons.map((each) => `- ${formatReason(each)}`),
  ].join('\n');
}

function isWhy({ severity, reason }: Judged): boolean {
  return severity === 'deny' || reason.code.startsWith('annotation-');
}

/** One finding each, as kubectl prints it. The first 120 characters carry the point: long ones may be cut. */
export function describeWarning(reason: Reason): string {
  return `walguard: ${formatReason(reason)}`;
}
