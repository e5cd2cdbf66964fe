// The two admission decisions, on plain values: what to change, and what to let in. Room: inject (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import { detect } from '../flavour/detect.ts';
import { isEqual } from '../lib/json.ts';
import { formatReason, type Reason } from '../lib/reason.ts';
import { resolveExemption } from '../policy/exemption.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Settings } from '../policy/settings.ts';
import { inject } from './inject.ts';
import { isInjected, strip } from './strip.ts';

export interface AdmissionInput {
  readonly workload: StatefulSet;
  /** The stored object on UPDATE; undefined on CREATE. */
  readonly old: StatefulSet | undefined;
  readonly image: string;
  /** Settings of the policy that the workload names; refusals where it cannot be had; undefined where it names none. */
  readonly settings: Settings | readonly Reason[] | undefined;
  /** YYYY-MM-DD, UTC. */
  readonly today: string;
}

export interface Mutation {
  /** The workload as it should be stored. */
  readonly workload: StatefulSet;
  readonly warnings: readonly string[];
}

export interface Verdict {
  readonly allowed: boolean;
  /** One id for the log, the metric and the audit annotation. */
  readonly code: string;
  /** Why it is refused or what to know, for the person who applied it. */
  readonly message?: string;
}

function isRefusals(settings: AdmissionInput['settings']): settings is readonly Reason[] {
  return Array.isArray(settings);
}

/**
 * | policy named | old injected | template changed | policy changed | result                          |
 * | no           | any          | any              | any            | stripped                        |
 * | yes          | yes          | no               | no             | old injection, byte for byte    |
 * | yes          | otherwise    |                  |                | injected anew, or left as it is |
 *
 * walguard never restarts a database by itself: a newer walguard's injection waits for the user's own next rollout.
 */
export function decideMutation({ workload, old, image, settings }: AdmissionInput): Mutation {
  const policy = policyOf(workload);
  if (policy === undefined) return { workload: strip(workload), warnings: old && isInjected(old) ? [LEAVES] : [] };
  if (old && isInjected(old) && policyOf(old) === policy && isEqual(templateOf(old), templateOf(workload))) {
    return { workload: { ...workload, spec: { ...workload.spec, template: old.spec.template } }, warnings: [] };
  }
  if (settings === undefined || isRefusals(settings)) return { workload, warnings: (settings ?? []).map(warn) };
  const injection = inject(workload, settings, image);
  switch (injection.kind) {
    case 'injected':
      return { workload: injection.workload, warnings: old && !isInjected(old) ? [ENTERS] : [] };
    case 'left-alone':
      return { workload, warnings: [`walguard: left alone: ${formatReason(injection.reason)}`] };
    case 'refused':
      return { workload: strip(workload), warnings: injection.refusals.map(warn) };
  }
}

/** archive_mode is read when Postgres starts, so these two are the only times that walguard's change restarts one. */
const ENTERS = 'walguard: archiving is added to a running database; its pods restart once, one after another.';
const LEAVES = 'walguard: archiving is taken out; the pods restart once, and no WAL is archived from then on.';

function templateOf(workload: StatefulSet): unknown {
  return strip(workload).spec.template;
}

function warn(refusal: Reason): string {
  return `walguard: ${formatReason(refusal)}`;
}

/**
 * The first row that fits decides. "was there": an UPDATE of a database that had no protection before.
 *
 * | case                                           | verdict                                   |
 * | being deleted, not Postgres, or operator-owned | allowed                                   |
 * | policy, injected                               | allowed                                   |
 * | policy, not injected, was there                | allowed with a message                    |
 * | policy, not injected                           | refused: why it could not be injected     |
 * | no policy, exemption holds                     | allowed                                   |
 * | no policy, was there                           | allowed with a message: warned not frozen |
 * | no policy (or an exemption that fails)         | refused: what to add                      |
 */
export function decideValidation(input: AdmissionInput): Verdict {
  const { workload, old } = input;
  const detection = detect(strip(workload));
  if (workload.metadata.deletionTimestamp) return { allowed: true, code: 'being-deleted' };
  if (detection.kind === 'not-postgres' || detection.kind === 'operator-owned') {
    return { allowed: true, code: detection.kind };
  }
  const wasThere = old !== undefined && !isInjected(old);
  if (policyOf(workload) !== undefined) {
    if (isInjected(workload)) return { allowed: true, code: 'protected' };
    return { allowed: wasThere, code: 'not-injected', message: explainNotInjected(input) };
  }
  const exemption = resolveExemption(workload, input.today);
  if (exemption.kind === 'holds') return { allowed: true, code: 'exempt' };
  const why = exemption.kind === 'refused' ? ` ${formatReason(exemption.reason)}` : '';
  return { allowed: wasThere, code: 'backup-required', message: `${explainUnprotected(workload)}${why}` };
}

function explainUnprotected(workload: StatefulSet): string {
  const name = workload.metadata.name ?? workload.metadata.generateName ?? '';
  return [
    `backup-required: StatefulSet "${name}" runs Postgres and names no backup policy.`,
    `Add the annotation ${ANNOTATION.policy}: standard to its metadata (kubectl get backuppolicies lists what there is),`,
    `or ${ANNOTATION.exempt}: "<written reason>" if its data may be lost.`,
  ].join(' ');
}

function explainNotInjected({ workload, settings, image }: AdmissionInput): string {
  const policy = policyOf(workload);
  const head = `not-injected: the policy "${policy}" is named, but this database would not be archived:`;
  if (settings === undefined || isRefusals(settings)) {
    return `${head} ${(settings ?? []).map(formatReason).join(' ')}`;
  }
  const injection = inject(workload, settings, image);
  if (injection.kind === 'refused') return `${head} ${injection.refusals.map(formatReason).join(' ')}`;
  return `${head} the mutating webhook did not run. Apply it again; if that does not help, see whether the walguard webhook pods are ready.`;
}
