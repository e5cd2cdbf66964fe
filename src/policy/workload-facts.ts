// What the rules over a StatefulSet are told: gathered once for each review, by src/inject/facts.ts. Room: policy (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import type { Reason } from '../lib/reason.ts';
import type { StaleDrill } from './drill-standing.ts';
import type { Exemption } from './exemption.ts';
import type { Settings } from './settings.ts';

export interface WorkloadFacts {
  /** As it would be stored. */
  readonly workload: StatefulSet;
  /** database: a Postgres server that walguard guards, whether or not it can be injected. */
  readonly kind: 'database' | 'not-postgres' | 'operator-owned';
  /** Why it is not a database of walguard's. */
  readonly leftAlone: Reason | undefined;
  /** Name of the policy that it names. */
  readonly policy: string | undefined;
  /** Of that policy; undefined where none is named, or it cannot be had. */
  readonly settings: Settings | undefined;
  /** Why the named policy cannot be had. */
  readonly policyReasons: readonly Reason[];
  /** Names of the policies that there are; empty where that is not known. */
  readonly policyNames: readonly string[];
  readonly exemption: Exemption;
  /** Is archiving in the template? */
  readonly isInjected: boolean;
  /** Why archiving cannot be put in, where it is not; nothing is said of a database that names no policy. */
  readonly obstacles: readonly Reason[];
  /** Wrong values of walguard's own annotations, whether or not they are among the obstacles. */
  readonly slips: readonly Reason[];
  /** Size of the claim that holds the data, as the claim template has it; undefined where it has none. */
  readonly claimSize: string | undefined;
  /** What is stored now: nothing (CREATE), a database that is archived, or anything else. */
  readonly before: 'absent' | 'unprotected' | 'protected';
  /** Archived before and after under the same policy: nothing that is wrong with the policy is this update's doing. */
  readonly isCarriedOver: boolean;
  /** What the update does to the injection of a database that is there; undefined where it leaves it. */
  readonly restart: 'enters' | 'leaves' | 'changes' | undefined;
  /** The last good drill is too old, and the update changes the pods of a database that is and stays archived. */
  readonly staleDrill: StaleDrill | undefined;
}

/** The place that most findings are about. */
export function annotationField(annotation: string): string {
  return `metadata.annotations[${annotation}]`;
}

/**
 * An update takes the policy, or what it does, away from a database that is archived. An image by which it no longer looks
 * like Postgres does so too; an operator's own changes are never stopped, and a written exemption is the way out.
 */
export function isLosingProtection({ before, isInjected, kind, policy, exemption }: WorkloadFacts): boolean {
  if (before !== 'protected' || isInjected || kind === 'operator-owned') return false;
  return policy !== undefined || exemption.kind !== 'holds';
}

/** A database that goes without a policy, and says nothing of why. */
export function isUnprotected(facts: WorkloadFacts): boolean {
  const { kind, policy, exemption } = facts;
  return kind === 'database' && policy === undefined && exemption.kind === 'none' && !isLosingProtection(facts);
}
