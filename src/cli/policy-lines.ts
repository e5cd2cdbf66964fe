// What is said of a BackupPolicy on one line each: with file, line, field and remedy. Room: cli (door).
import { formatReason, type Reason } from '../lib/reason.ts';
import { type Located, lineOf, parseField } from '../manifest/objects.ts';
import { denialsOf, judgePolicy } from '../policy/judge-policy.ts';

/** Where a policy stands. */
export type PolicyPlace = Pick<Located, 'file' | 'document' | 'path'>;

/**
 * Of a policy by which is judged: why no database can be protected by it.
 * @param now RFC 3339
 */
export function describeDenials(place: PolicyPlace, name: string, spec: unknown, now: string): readonly string[] {
  const denials = denialsOf(judgePolicy(name, spec, { now, engine: undefined }));
  return denials.map((reason) => formatPolicyLine(place, name, reason));
}

export function formatPolicyLine(place: PolicyPlace, name: string, reason: Reason): string {
  return `${place.file.file}:${findPolicyLine(place, reason.field)}: BackupPolicy "${name}": ${formatReason(reason)}`;
}

export function findPolicyLine({ file, document, path }: PolicyPlace, field: string): number {
  return lineOf(file, document, [...path, ...parseField(field)]);
}
