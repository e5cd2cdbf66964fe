// What the chart's ValidatingAdmissionPolicy answers, and what the webhook would have answered in its place.
import assert from 'node:assert/strict';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { decideValidation } from '../../src/inject/admission.ts';
import { describeDenial } from '../../src/policy/denial.ts';
import { admissible } from '../support/admissible.ts';
import type { CallAnswer } from '../support/api-calls.ts';
import { IMAGE } from '../support/workloads.ts';
import { messageOf } from './outage.ts';

const DENIED =
  /ValidatingAdmissionPolicy 'walguard-backup-required' with binding 'walguard-backup-required' denied request: /;

export function at(namespace: string, workload: StatefulSet, name = 'orders'): StatefulSet {
  const sent = admissible(workload, namespace);
  return { ...sent, metadata: { ...sent.metadata, name } };
}

/** By the policy; any other answer than that and "let in" is a fault of the test. */
export function isRefused({ status, text }: CallAnswer): boolean {
  if (status === 200 || status === 201) return false;
  assert.equal(status, 403, text);
  assert.match(text, DENIED);
  return true;
}

/** What the webhook would answer where the mode is enforce; undefined where it would let it in. */
export function webhookWords(workload: StatefulSet, old?: StatefulSet): string | undefined {
  const verdict = decideValidation({ workload, old, image: IMAGE, settings: undefined, today: '2026-11-21' });
  return verdict.allowed ? undefined : describeDenial(`StatefulSet "${workload.metadata.name}"`, verdict.findings);
}

/** Without what the API server puts before them. */
export function wordsOf(answer: CallAnswer): string {
  return messageOf(answer).split(DENIED)[1] ?? '';
}
