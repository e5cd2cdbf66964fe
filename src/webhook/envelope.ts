// The outside of an AdmissionReview: enough to answer it, whatever its object is. Room: webhook (door).
import { isObject } from '../lib/json.ts';
import type { AdmissionResponse } from './response.ts';

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

/** A review that can be answered; nothing is known of its other fields. */
export interface Envelope {
  readonly uid: string;
  readonly request: Readonly<Record<string, unknown>>;
}

export function openReview(body: unknown): Envelope | undefined {
  if (!isObject(body) || body.apiVersion !== API_VERSION || body.kind !== KIND || !isObject(body.request)) {
    return undefined;
  }
  const { uid } = body.request;
  return typeof uid === 'string' && uid !== '' ? { uid, request: body.request } : undefined;
}

export const EXPECTED = `expected an ${KIND} of ${API_VERSION} with a request that has a uid`;

/** The answer as the API server reads it. Throws where it would not be one: it fails the user's request on a wrong type. */
export function sealAnswer(response: AdmissionResponse): string {
  const { warnings = [], auditAnnotations = {}, status } = response;
  for (const text of [...warnings, ...Object.values(auditAnnotations), status?.message ?? '']) {
    if (typeof text !== 'string') throw new Error('a part of the answer that must be a text is none');
  }
  return JSON.stringify({ apiVersion: API_VERSION, kind: KIND, response });
}

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** One of a few words, for a metric's label: what a stranger sends must not become a series of its own. */
export function operationOf({ operation }: Envelope['request']): string {
  return typeof operation === 'string' && OPERATIONS.includes(operation) ? operation : 'other';
}

/** Names for the log, cut to what a name of Kubernetes can have. */
export function namesOf({ request }: Envelope): { readonly namespace?: string; readonly name?: string } {
  const { namespace, name, object } = request;
  const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : {};
  return { ...textOf('namespace', namespace), ...textOf('name', name || metadata.name || metadata.generateName) };
}

function textOf(key: string, value: unknown): Record<string, string> {
  return typeof value === 'string' && value !== '' ? { [key]: value.slice(0, 253) } : {};
}
