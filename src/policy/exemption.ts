// A database may go without a policy only with a written reason, and only until its date. Room: policy (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import type { Reason } from '../lib/reason.ts';

export type Exemption =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'holds';
      readonly reason: string;
      /** Last day on which it holds, YYYY-MM-DD; without one it has no end. */
      readonly until?: string;
      /** Days after today on which it still holds; 0 on its last day. */
      readonly daysLeft?: number;
    }
  | { readonly kind: 'refused'; readonly reason: Reason };

const FIELD = 'metadata.annotations';
const DAY_MS = 86_400_000;

/**
 * | exempt | exempt-until        | result                            |
 * | absent | any                 | none                              |
 * | blank  | any                 | refused: exemption-without-reason |
 * | reason | absent              | holds, without an end             |
 * | reason | not a date          | refused: exemption-date           |
 * | reason | before today (UTC)  | refused: exemption-ended          |
 * | reason | today or later      | holds, until then                 |
 *
 * @param today YYYY-MM-DD in UTC
 */
export function resolveExemption(workload: StatefulSet, today: string): Exemption {
  const annotations = workload.metadata.annotations ?? {};
  const reason = annotations[ANNOTATION.exempt];
  const until = annotations[ANNOTATION.exemptUntil];
  if (reason === undefined) return { kind: 'none' };
  if (reason.trim() === '')
    return refuse('exemption-without-reason', ANNOTATION.exempt, 'empty', 'Write why this database needs no backups.');
  if (until === undefined) return { kind: 'holds', reason };
  if (!isDate(until))
    return refuse('exemption-date', ANNOTATION.exemptUntil, `"${until}"`, 'Write a date as YYYY-MM-DD.');
  if (until < today) {
    return refuse(
      'exemption-ended',
      ANNOTATION.exemptUntil,
      `${until}, in the past`,
      `Name a policy in ${ANNOTATION.policy}, or move the date.`,
    );
  }
  return { kind: 'holds', reason, until, daysLeft: (Date.parse(until) - Date.parse(today)) / DAY_MS };
}

function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function refuse(code: string, annotation: string, seen: string, remedy: string): Exemption {
  return { kind: 'refused', reason: { code, field: `${FIELD}[${annotation}]`, seen, remedy } };
}
