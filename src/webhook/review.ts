// AdmissionReview in, AdmissionReview out. A review is always answered, whatever happens. Room: webhook (door).
import jsonPatch from 'fast-json-patch';
import type { StatefulSet } from '../api/kubernetes.ts';
import { type AdmissionInput, decideMutation, decideValidation } from '../inject/admission.ts';
import { isEqual, isObject } from '../lib/json.ts';

export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly object: StatefulSet;
  readonly oldObject?: StatefulSet | null;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  readonly patchType?: 'JSONPatch';
  readonly patch?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** What was decided, in one word, for log and metric. */
export interface Answer {
  readonly code: string;
  readonly response: AdmissionResponse;
}

export type Mode = 'enforce' | 'warn' | 'audit';

/** Undefined where the body is no AdmissionReview of a StatefulSet. */
export function parseReview(body: unknown): AdmissionRequest | undefined {
  if (!isObject(body) || !isObject(body.request)) return undefined;
  const { uid, object } = body.request;
  if (typeof uid !== 'string' || !isObject(object) || !isObject(object.metadata) || !isObject(object.spec))
    return undefined;
  return body.request as unknown as AdmissionRequest;
}

/** On UPDATE only these may differ: a webhook that touches another field makes every update of the object fail. */
const UNTOUCHABLE = ['volumeClaimTemplates', 'selector', 'serviceName', 'replicas'] as const;

export function answerMutation(request: AdmissionRequest, input: AdmissionInput): Answer {
  const { uid, object } = request;
  const { workload, warnings } = decideMutation(input);
  const patch = jsonPatch.compare(object, workload);
  const extra = warnings.length > 0 ? { warnings } : {};
  if (patch.length === 0) return { code: 'unchanged', response: { uid, allowed: true, ...extra } };
  assertSound(object, workload, patch);
  return {
    code: 'patched',
    response: {
      uid,
      allowed: true,
      ...extra,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    },
  };
}

/** The API server fails the user's request on a patch that does not apply, even where the failure policy is Ignore. */
function assertSound(object: StatefulSet, wanted: StatefulSet, patch: jsonPatch.Operation[]): void {
  const patched = jsonPatch.applyPatch(structuredClone(object), patch).newDocument;
  if (!isEqual(patched, wanted)) throw new Error('the patch does not give the wanted object');
  for (const field of UNTOUCHABLE) {
    if (!isEqual(object.spec[field], wanted.spec[field])) throw new Error(`the patch would change spec.${field}`);
  }
}

/**
 * | mode    | refused becomes            |
 * | enforce | 403 with the message       |
 * | warn    | allowed, with a warning    |
 * | audit   | allowed, audit annotation  |
 */
export function answerValidation(request: AdmissionRequest, input: AdmissionInput, mode: Mode): Answer {
  const { uid } = request;
  const { allowed, code, message } = decideValidation(input);
  const auditAnnotations = { verdict: code };
  if (message === undefined) return { code, response: { uid, allowed, auditAnnotations } };
  if (!allowed && mode === 'enforce') {
    return {
      code,
      response: { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message }, auditAnnotations },
    };
  }
  if (mode === 'audit')
    return { code, response: { uid, allowed: true, auditAnnotations: { ...auditAnnotations, message } } };
  return { code, response: { uid, allowed: true, warnings: [`walguard: ${message}`], auditAnnotations } };
}

/** A fault of ours must not stop the user: let through, and say so. */
export function answerFault(uid: string, error: Error): Answer {
  return { code: 'fault', response: { uid, allowed: true, warnings: [`walguard: not looked at: ${error.message}`] } };
}
