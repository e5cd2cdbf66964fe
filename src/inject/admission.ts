// The two admission decisions, on plain values: what to change, and what to let in. Room: inject (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { isEqual } from '../lib/json.ts';
import type { Exemption } from '../policy/exemption.ts';
import { policyOf } from '../policy/policy-of.ts';
import { evaluate, type Judged } from '../policy/rule.ts';
import { drillRequired } from '../policy/rules/workload/drill-required.ts';
import { WORKLOAD_RULES } from '../policy/rules/workload.ts';
import type { WorkloadFacts } from '../policy/workload-facts.ts';
import { type AdmissionInput, gatherFacts, isRefusals } from './facts.ts';
import { inject } from './inject.ts';
import { isInjected, strip } from './strip.ts';

export type { AdmissionInput } from './facts.ts';

export interface Mutation {
  /** The workload as it should be stored. */
  readonly workload: StatefulSet;
  /** What it comes to, in one word: the same however often the webhook is asked about one request. */
  readonly code: string;
}

export interface Verdict {
  /** False: to be refused where the mode is enforce. */
  readonly allowed: boolean;
  /** One id for the log, the metric and the audit annotation: of the first denial, or of the state where there is none. */
  readonly code: string;
  /** All that is to be said, denials first; of a database that is let in although a rule denies, too. */
  readonly findings: readonly Judged[];
  /** Name of the policy that it names. */
  readonly policy: string | undefined;
  readonly exemption: Exemption;
}

/**
 * | policy named | old injected | template changed | policy changed | result                          | code          |
 * | no           | any          | any              | any            | stripped                        | no-policy     |
 * | yes          | yes          | no               | no             | old injection, byte for byte    | carried-over  |
 * | yes          | otherwise    |                  |                | injected anew                   | injected      |
 * |              |              |                  |                | or left as it is: no policy     | its reason's  |
 * |              |              |                  |                | or left as it is: not ours      | its reason's  |
 * |              |              |                  |                | or stripped: cannot be injected | not-injected  |
 *
 * walguard never restarts a database by itself: a newer walguard's injection waits for the user's own next rollout. The
 * other webhook says what there is to say, so that nobody is told twice, or of a change that is then refused.
 */
export function decideMutation({ workload, old, image, settings }: AdmissionInput): Mutation {
  const policy = policyOf(workload);
  if (policy === undefined) return { workload: strip(workload), code: 'no-policy' };
  if (old && isInjected(old) && policyOf(old) === policy && isEqual(templateOf(old), templateOf(workload))) {
    const spec = { ...workload.spec, template: old.spec.template };
    return { workload: { ...workload, spec }, code: 'carried-over' };
  }
  if (settings === undefined) return { workload, code: 'no-policy' };
  if (isRefusals(settings)) return { workload, code: settings[0]?.code ?? 'no-policy' };
  const injection = inject(workload, settings, image);
  switch (injection.kind) {
    case 'injected':
      return { workload: injection.workload, code: 'injected' };
    case 'left-alone':
      return { workload, code: injection.reason.code };
    case 'refused':
      return { workload: strip(workload), code: 'not-injected' };
  }
}

function templateOf(workload: StatefulSet): unknown {
  return strip(workload).spec.template;
}

/**
 * "carried over": archived before and after, under the same policy.
 *
 * | object                       | a rule denies | before       | carried over | verdict                                  |
 * | being deleted                |               |              |              | allowed, nothing is said                 |
 * | any                          | no            |              |              | allowed                                  |
 * | any                          | yes           | nothing      |              | refused                                  |
 * | any                          | yes           | protected    | no           | refused: it would lose its protection    |
 * | any                          | yes           | protected    | yes          | allowed, and said: not this update's doing |
 * | any                          | drill-required | protected   | yes          | refused: its policy asks for it then     |
 * | any                          | yes           | unprotected  |              | allowed, and said: warned, not frozen    |
 *
 * Not Postgres, or operator-owned: no rule denies, unless an archived database would no longer look like one.
 */
export function decideValidation(input: AdmissionInput): Verdict {
  const facts = gatherFacts(input);
  const { policy, exemption, before, isCarriedOver } = facts;
  if (input.workload.metadata.deletionTimestamp) {
    return { allowed: true, code: 'being-deleted', findings: [], policy, exemption };
  }
  const findings = evaluate(WORKLOAD_RULES, facts);
  const denials = findings.filter(({ severity }) => severity === 'deny');
  const isForgiven = before === 'unprotected' || isCarriedOver;
  const refusal = denials.find(({ reason: { code } }) => !isForgiven || code === drillRequired.id);
  return {
    allowed: refusal === undefined,
    code: (refusal ?? denials[0])?.reason.code ?? stateOf(facts),
    findings,
    policy,
    exemption,
  };
}

function stateOf({ kind, policy }: WorkloadFacts): string {
  if (kind !== 'database') return kind;
  return policy === undefined ? 'exempt' : 'protected';
}
