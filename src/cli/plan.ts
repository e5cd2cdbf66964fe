// What injection and its removal do to one object. Room: cli (door).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION, INJECTION_ANNOTATION } from '../api/names.ts';
import { inject } from '../inject/inject.ts';
import { type JudgeContext, WORKLOAD_KINDS } from '../inject/judge.ts';
import { strip } from '../inject/strip.ts';
import { isObject } from '../lib/json.ts';
import { formatReason, type Reason } from '../lib/reason.ts';
import type { Located } from '../manifest/objects.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Settings } from '../policy/settings.ts';
import { fault, judgeSafely } from './judging.ts';

export type Outcome =
  /** Also where it was so before. `settings`: those by which it was injected. */
  | { readonly kind: 'changed'; readonly after: KubeObject; readonly settings?: Settings }
  | { readonly kind: 'left-alone'; readonly why: string }
  | { readonly kind: 'refused'; readonly reasons: readonly Reason[] };

export type Planner = (located: Located) => Outcome;

/** As the webhook would do it; a policy that is assumed is written down, or the webhook would take the injection off again. */
export function planInjection(located: Located, context: JudgeContext): Outcome {
  const { verdict, reasons } = judgeSafely(located, context);
  if (verdict === 'refused') return { kind: 'refused', reasons };
  if (verdict !== 'protected') return { kind: 'left-alone', why: [verdict, ...reasons.map(formatReason)].join(': ') };
  return guard(() => injectInto(located.object as StatefulSet, context));
}

function injectInto(object: StatefulSet, { assumedPolicy = '', findSettings, image }: JudgeContext): Outcome {
  const named = policyOf(object);
  const workload = named === undefined ? withPolicy(object, assumedPolicy) : object;
  const settings = findSettings(named ?? assumedPolicy);
  if (!('storage' in settings)) return { kind: 'refused', reasons: settings };
  const injection = inject(workload, settings, image);
  switch (injection.kind) {
    case 'injected':
      return { kind: 'changed', after: injection.workload, settings };
    case 'refused':
      return { kind: 'refused', reasons: injection.refusals };
    case 'left-alone':
      return { kind: 'left-alone', why: formatReason(injection.reason) };
  }
}

function withPolicy(object: StatefulSet, policy: string): StatefulSet {
  const annotations = { ...object.metadata.annotations, [ANNOTATION.policy]: policy };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export function planRemoval({ object }: Located): Outcome {
  // Looked at step by step: what has no injection may have any shape.
  const marks = ['spec', 'template', 'metadata', 'annotations'].reduce<unknown>(
    (value, key) => (isObject(value) ? value[key] : undefined),
    object,
  );
  if (!isObject(marks) || !Object.hasOwn(marks, INJECTION_ANNOTATION)) {
    return { kind: 'left-alone', why: 'there is no injection in it' };
  }
  return guard(() => ({ kind: 'changed', after: strip(object as StatefulSet) }));
}

function guard(plan: () => Outcome): Outcome {
  try {
    return plan();
  } catch (error) {
    return { kind: 'refused', reasons: [fault(error)] };
  }
}

export function isWorkload({ object }: Located): boolean {
  return WORKLOAD_KINDS.has(object.kind);
}

export function isStatefulSet({ object }: Located): boolean {
  return object.kind === 'StatefulSet';
}
