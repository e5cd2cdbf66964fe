// What walguard would say to an object at deploy time, without a cluster: the verdict of the CLI. Room: inject (pure).
import type { KubeObject, StatefulSet } from '../api/kubernetes.ts';
import { ANNOTATION } from '../api/names.ts';
import { detect } from '../flavour/detect.ts';
import type { Reason } from '../lib/reason.ts';
import { resolveExemption } from '../policy/exemption.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Settings } from '../policy/settings.ts';
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
function judgeStatefulSet(
  workload: StatefulSet,
  { findSettings, assumedPolicy, image, today }: JudgeContext,
): Judgement {
  const detection = detect(strip(workload));
  if (detection.kind === 'not-postgres' || detection.kind === 'operator-owned') {
    return { verdict: 'ignored', reasons: [detection.reason] };
  }
  const found = detection.kind === 'server' ? detection.server.flavour : detection.found?.flavour;
  const flavour = found ? { flavour: found.id } : {};
  const named = policyOf(workload);
  const exemption = resolveExemption(workload, today);
  if (named === undefined && exemption.kind === 'holds') return { verdict: 'exempt', ...flavour, reasons: [] };
  if (named === undefined && exemption.kind === 'refused') {
    return { verdict: 'refused', ...flavour, reasons: [exemption.reason] };
  }
  const policy = named ?? assumedPolicy;
  if (policy === undefined) return { verdict: 'unprotected', ...flavour, reasons: [unprotected] };
  const settings = findSettings(policy);
  if (!('storage' in settings)) return { verdict: 'refused', ...flavour, reasons: settings };
  const injection = inject(workload, settings, image);
  switch (injection.kind) {
    case 'injected':
      return { verdict: 'protected', ...flavour, reasons: [] };
    case 'refused':
      return { verdict: 'refused', ...flavour, reasons: injection.refusals };
    case 'left-alone':
      return { verdict: 'ignored', reasons: [injection.reason] };
  }
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
