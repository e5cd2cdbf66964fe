// What goes back to the API server for one review. Room: webhook (door).
import { describeDenial, describeWarning } from '../policy/denial.ts';
import type { Judged } from '../policy/rule.ts';

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** One finding each; kubectl prints them. */
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly patchType?: 'JSONPatch';
  /** Base64 of the JSON text. */
  readonly patch?: string;
  /** For the API server's audit log; it puts the webhook's name before each key. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** What was decided, in one word, for log and metric. */
export interface Answer {
  readonly code: string;
  readonly response: AdmissionResponse;
  /** What went wrong inside, for the log: the user was let through. */
  readonly fault?: Error;
}

/** 403; the message says all, so that no warning repeats it. @param what such as `StatefulSet "orders"` */
export function refuse(uid: string, what: string, findings: readonly Judged[]): AdmissionResponse {
  return {
    uid,
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: describeDenial(what, findings) },
  };
}

/** Let in, with a warning for each finding. */
export function allow(uid: string, findings: readonly Judged[] = []): AdmissionResponse {
  const warnings = findings.map(({ reason }) => describeWarning(reason));
  return { uid, allowed: true, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** A fault of ours must not stop the user: let through, and say so. */
export function answerFault(uid: string, fault: Error): Answer {
  const { message } = fault;
  return {
    fault,
    code: 'fault',
    response: {
      uid,
      allowed: true,
      warnings: [`walguard: not looked at: ${message}`],
      auditAnnotations: { verdict: 'fault', error: shorten(message) },
    },
  };
}

/** The API server's log is no place for long texts. */
const LONGEST = 256;

export function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
