// AdmissionReviews as the API server sends them, and the object that comes of its answer.
import jsonPatch from 'fast-json-patch';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import type { AdmissionResponse } from '../../src/webhook/review.ts';

export function buildReview(object: unknown, oldObject: unknown = null): object {
  const operation = oldObject === null ? 'CREATE' : 'UPDATE';
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'review-1',
      kind: { group: 'apps', version: 'v1', kind: 'StatefulSet' },
      operation,
      namespace: 'shop',
      dryRun: false,
      object,
      oldObject,
    },
  };
}

/** The object as the API server stores it: the patch, applied to what was sent. */
export function applyAnswer(object: StatefulSet, { patch }: AdmissionResponse): StatefulSet {
  if (patch === undefined) return object;
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as jsonPatch.Operation[];
  return jsonPatch.applyPatch(structuredClone(object), operations, true).newDocument;
}
