// What walguard would say to an object at deploy time, without a cluster: the verdict of the CLI. Room: inject (pure).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import { detect } from '../flavour/detect.ts';
import type { Reason } from '../lib/reason.ts';
import { resolveExemption } from '../policy/exemption.ts';
import { policyOf } from '../policy/policy-of.ts';
import { evaluate } from '../policy/rule.ts';
import { WORKLOAD_RULES } from '../policy/rules/workload.ts';
import type { Settings } from '../policy/settings.ts';
import { type AdmissionInput, gatherFacts, isRefusals } from './facts.ts';
import { inject } from './inject.ts';
import { findMalformed } from './shape.ts';
import { strip } from './strip.ts';

/**
 * protected: it would be injected. refused: it would not, and here is why. ignored: not walguard's to guard.
 * unprotected: a database that names no policy. exempt: one that needs none, with a written reason.
 */
export const VERDICTS = ['protected', 'refused', 'ignored', 'unprotected', 'exempt'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Judgement {
  readonly verdict: Verdict;
  /** Id of the flavour, where a Postgres server was found. */
  readonly flavour?: string;
  /** Why; empty for a protected one. */
  readonly reasons: readonly Reason[];
  /** What the webhook would say besides, whatever the verdict. */
  readonly warnings?: readonly Reason[];
}

export interface JudgeContext {
  /** Settings of a policy by its name, or why it cannot be had. */
  readonly findSettings: (policy: string) => Settings | readonly Reason[];
  /** A database that names no policy and is not exempt is judged as if it named this one. */
  readonly assumedPolicy?: string | undefined;
  /** walguard's own image. */
  readonly image: string;
  /** YYYY-MM-DD, UTC. */
  readonly today: string;
}

/** Kinds that run containers; only a StatefulSet is guarded. */
export const WORKLOAD_KINDS: ReadonlySet<string> = new Set([
  'StatefulSet',
  'Deployment',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'DeploymentConfig',
  'Job',
  'CronJob',
  'Pod',
]);

/** @param object as JSON has it, without nulls */
export function judge(object: KubeObject, context: JudgeContext): Judgement {
  if (object.kind !== 'StatefulSet' || !/^apps\//.test(object.apiVersion || 'apps/v1'))
    return { verdict: 'ignored', reasons: [unguardedKind(object)] };
  const malformed = findMalformed(object);
  if (malformed.length > 0) return { verdict: 'refused', reasons: malformed };
  return judgeStatefulSet(object as StatefulSet, context);
}

/**
 * | what it is                   | policy named | exemption | verdict                                  |
 * | not Postgres, operator-owned |              |           | ignored                                  |
 * | Postgres                     | yes          |           | protected, or refused with every reason  |
 * | Postgres                     | no           | holds     | exempt                                   |
 * | Postgres                     | no           | fails     | refused                                  |
 * | Postgres                     | assumed      | none      | protected, or refused with every reason  |
 * | Postgres                     | no           | none      | unprotected                              |
 */
function judgeStatefulSet(workload: StatefulSet, context: JudgeContext): Judgement {
  const detection = detect(strip(workload));
  const exemption = resolveExemption(workload, context.today);
  const named = policyOf(workload);
  const policy = named ?? (exemption.kind === 'none' ? context.assumedPolicy : undefined);
  const settings = policy === undefined ? undefined : context.findSettings(policy);
  const warnings = findWarnings(workload, settings, context);
  if (detection.kind === 'not-postgres' || detection.kind === 'operator-owned') {
    return { verdict: 'ignored', reasons: [detection.reason], ...warnings };
  }
  const found = detection.kind === 'server' ? detection.server.flavour : detection.found?.flavour;
  const known = { ...(found ? { flavour: found.id } : {}), ...warnings };
  if (named === undefined && exemption.kind === 'holds') return { verdict: 'exempt', reasons: [], ...known };
  if (named === undefined && exemption.kind === 'refused') {
    return { verdict: 'refused', reasons: [exemption.reason], ...known };
  }
  if (settings === undefined) return { verdict: 'unprotected', reasons: [unprotected], ...known };
  if (isRefusals(settings)) return { verdict: 'refused', reasons: settings, ...known };
  const injection = inject(workload, settings, context.image);
  switch (injection.kind) {
    case 'injected':
      return { verdict: 'protected', reasons: [], ...known };
    case 'refused':
      return { verdict: 'refused', reasons: injection.refusals, ...known };
    case 'left-alone':
      return { verdict: 'ignored', reasons: [injection.reason], ...warnings };
  }
}

/** Those of the webhook's rules that only warn; the verdict says what the others do. */
function findWarnings(
  workload: StatefulSet,
  settings: AdmissionInput['settings'],
  { image, today }: JudgeContext,
): Pick<Judgement, 'warnings'> {
  const facts = gatherFacts({ workload, old: undefined, image, settings, today });
  const warnings = evaluate(WORKLOAD_RULES, facts).filter(({ severity }) => severity === 'warn');
  return warnings.length === 0 ? {} : { warnings: warnings.map(({ reason }) => reason) };
}

export const unprotected: Reason = {
  code: 'backup-required',
  field: `metadata.annotations[${ANNOTATION.policy}]`,
  seen: 'absent on a Postgres database',
  remedy: `Name a BackupPolicy there, or write in ${ANNOTATION.exempt} why its data may be lost.`,
};

function unguardedKind({ kind, apiVersion }: KubeObject): Reason {
  return {
    code: 'kind-unguarded',
    field: 'kind',
    seen: `${kind} of ${apiVersion}, and walguard guards the StatefulSets of apps/v1`,
    remedy:
      'If it runs a database, run it as a StatefulSet; nothing else gives it a stable name and claims of its own.',
  };
}
