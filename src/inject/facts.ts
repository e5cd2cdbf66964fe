// All that the rules over a StatefulSet are told, gathered once. Room: inject (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { findSlips } from '../flavour/candidates.ts';
import { type Detection, detect } from '../flavour/detect.ts';
import { isEqual, isObject } from '../lib/json.ts';
import type { Reason } from '../lib/reason.ts';
import { type DrillStanding, findStaleDrill } from '../policy/drill-standing.ts';
import { resolveExemption } from '../policy/exemption.ts';
import { policyOf } from '../policy/policy-of.ts';
import type { Settings } from '../policy/settings.ts';
import type { WorkloadFacts } from '../policy/workload-facts.ts';
import { findRefusals } from './inject.ts';
import { readSettingsMode } from './settings-mode.ts';
import { isInjected, strip } from './strip.ts';

export interface AdmissionInput {
  readonly workload: StatefulSet;
  /** The stored object on UPDATE; undefined on CREATE. */
  readonly old: StatefulSet | undefined;
  readonly image: string;
  /** Settings of the policy that the workload names; refusals where it cannot be had; undefined where it names none. */
  readonly settings: Settings | readonly Reason[] | undefined;
  /** Names of the policies that there are, where that is known. */
  readonly policyNames?: readonly string[];
  /** YYYY-MM-DD, UTC. */
  readonly today: string;
  /** What is known of its drills, and when: RFC 3339; undefined where nothing is. */
  readonly drills?: (DrillStanding & { readonly now: string }) | undefined;
}

export function gatherFacts(input: AdmissionInput): WorkloadFacts {
  const { workload, old, settings, policyNames = [], today } = input;
  const detection = detect(strip(workload));
  const kind =
    detection.kind === 'not-postgres' || detection.kind === 'operator-owned' ? detection.kind : ('database' as const);
  const policy = policyOf(workload);
  const injected = isInjected(workload);
  const wasInjected = old !== undefined && isInjected(old);
  return {
    workload,
    kind,
    leftAlone: 'reason' in detection ? detection.reason : undefined,
    policy,
    settings: settings !== undefined && !isRefusals(settings) ? settings : undefined,
    policyReasons: isRefusals(settings) ? settings : [],
    policyNames,
    exemption: resolveExemption(workload, today),
    isInjected: injected,
    obstacles: kind === 'database' && policy !== undefined && !injected ? findRefusals(workload) : [],
    slips: findValueSlips(workload),
    claimSize: findClaimSize(workload, detection),
    before: old === undefined ? 'absent' : wasInjected ? 'protected' : 'unprotected',
    isCarriedOver: wasInjected && injected && policyOf(old) === policy,
    restart: kind === 'operator-owned' ? undefined : explainRestart(workload, old),
    staleDrill: kind === 'database' ? findStale(input) : undefined,
  };
}

/** Of an update that replaces the pods of a database which is archived before and after, under one policy. */
function findStale({ workload, old, settings, drills }: AdmissionInput): WorkloadFacts['staleDrill'] {
  if (!drills || !old || settings === undefined || isRefusals(settings)) return undefined;
  const stale = findStaleDrill(settings, drills, drills.now);
  if (!stale || !isInjected(old) || !isInjected(workload) || policyOf(old) !== policyOf(workload)) return undefined;
  return isEqual(old.spec.template, workload.spec.template) ? undefined : stale;
}

export function isRefusals(settings: AdmissionInput['settings']): settings is readonly Reason[] {
  return Array.isArray(settings);
}

function findValueSlips(workload: StatefulSet): Reason[] {
  const mode = readSettingsMode(workload);
  return [...findSlips(workload), ...(typeof mode === 'string' ? [] : [mode])];
}

function findClaimSize({ spec }: StatefulSet, detection: Detection): string | undefined {
  if (detection.kind !== 'server' || detection.server.dataVolume.kind !== 'claim-template') return undefined;
  const { template } = detection.server.dataVolume;
  const claim = spec.volumeClaimTemplates?.find(({ metadata }) => metadata.name === template);
  const { resources } = claim?.spec ?? {};
  const requests = isObject(resources) ? resources.requests : undefined;
  return isObject(requests) && typeof requests.storage === 'string' ? requests.storage : undefined;
}

/**
 * | old injected | new injected | policy  | the user's own template | restart |
 * | no           | yes          |         |                         | enters  |
 * | yes          | no           |         |                         | leaves  |
 * | yes          | yes          | another | the same                | changes |
 * | otherwise                                                       | none    |
 */
function explainRestart(workload: StatefulSet, old: StatefulSet | undefined): WorkloadFacts['restart'] {
  if (old === undefined) return undefined;
  const [was, is] = [isInjected(old), isInjected(workload)];
  if (was !== is) return is ? 'enters' : 'leaves';
  if (!is || policyOf(old) === policyOf(workload)) return undefined;
  const isOurs = isEqual(strip(old).spec.template, strip(workload).spec.template);
  return isOurs && !isEqual(old.spec.template, workload.spec.template) ? 'changes' : undefined;
}
