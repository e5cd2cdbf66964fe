// Reviews of StatefulSets: the two decisions, as the API server takes them. Room: webhook (door).
import jsonPatch from 'fast-json-patch';
import type { StatefulSet } from '../api/kubernetes.ts';
import { type AdmissionInput, decideMutation, decideValidation } from '../inject/admission.ts';
import { cloneJson, isEqual, isObject } from '../lib/json.ts';
import { policyOf } from '../policy/policy-of.ts';
import { auditValidation } from './audit.ts';
import { diffJson } from './patch.ts';
import { type Answer, allow, refuse, shorten } from './response.ts';

export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly object: StatefulSet;
  readonly oldObject?: StatefulSet | null;
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

export function answerMutation({ uid, object }: AdmissionRequest, input: AdmissionInput): Answer {
  const { workload, code } = decideMutation(input);
  const policy = policyOf(object);
  const auditAnnotations = { verdict: code, ...(policy === undefined ? {} : { policy: shorten(policy) }) };
  const patch = diffJson(object, workload, '');
  const response = { uid, allowed: true, auditAnnotations };
  if (patch.length === 0) return { code: 'unchanged', response };
  assertSound(object, workload, patch);
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  return { code: 'patched', response: { ...response, patchType: 'JSONPatch', patch: encoded } };
}

/** All that a patch may change: on UPDATE a webhook that touches another field makes the API server refuse the object. */
const TOUCHED = '/spec/template/';

/** The API server fails the user's request on a patch that does not apply, even where the failure policy is Ignore. */
function assertSound(object: StatefulSet, wanted: StatefulSet, patch: jsonPatch.Operation[]): void {
  const other = patch.find(({ path }) => !path.startsWith(TOUCHED));
  if (other) throw new Error(`the patch would change ${other.path.slice(1).replaceAll('/', '.')}`);
  // The rest, which may be large, is not touched, so it need not be copied.
  const copy = { ...object, spec: { ...object.spec, template: cloneJson(object.spec.template) } };
  const patched = jsonPatch.applyPatch(copy, patch).newDocument;
  if (!isEqual(patched, wanted)) throw new Error('the patch does not give the wanted object');
}

/**
 * | mode    | refused becomes                 | any other finding |
 * | enforce | 403; the message says all of it | a warning         |
 * | warn    | a warning for each finding      | a warning         |
 * | audit   | audit annotation                | nothing           |
 */
export function answerValidation({ uid, object }: AdmissionRequest, input: AdmissionInput, mode: Mode): Answer {
  const verdict = decideValidation(input);
  const { allowed, code, findings } = verdict;
  const { name, generateName = '' } = object.metadata;
  const response =
    allowed || mode !== 'enforce'
      ? allow(uid, mode === 'audit' ? [] : findings)
      : refuse(uid, `StatefulSet "${name ?? generateName}"`, findings);
  return { code, response: { ...response, auditAnnotations: auditValidation(verdict) } };
}
