// The rules over a database and what it names, sorted by id. Room: policy (pure).
import type { Rule } from '../rule.ts';
import type { WorkloadFacts } from '../workload-facts.ts';
import { annotationMisplaced } from './workload/annotation-misplaced.ts';
import { annotationUnknown } from './workload/annotation-unknown.ts';
import { annotationValue } from './workload/annotation-value.ts';
import { backupRequired } from './workload/backup-required.ts';
import { drillRequired } from './workload/drill-required.ts';
import { drillStale } from './workload/drill-stale.ts';
import { exemptionDate } from './workload/exemption-date.ts';
import { exemptionEnded } from './workload/exemption-ended.ts';
import { exemptionEnding } from './workload/exemption-ending.ts';
import { exemptionNeedless } from './workload/exemption-needless.ts';
import { exemptionWithoutReason } from './workload/exemption-without-reason.ts';
import { notInjected } from './workload/not-injected.ts';
import { policyInvalid } from './workload/policy-invalid.ts';
import { policyUnknown } from './workload/policy-unknown.ts';
import { policyUnreadable } from './workload/policy-unreadable.ts';
import { policyWithoutEffect } from './workload/policy-without-effect.ts';
import { protectionRemoved } from './workload/protection-removed.ts';
import { restartFollows } from './workload/restart-follows.ts';
import { workloadTooSmall } from './workload/workload-too-small.ts';

export const WORKLOAD_RULES: readonly Rule<WorkloadFacts>[] = [
  annotationMisplaced,
  annotationUnknown,
  annotationValue,
  backupRequired,
  drillRequired,
  drillStale,
  exemptionDate,
  exemptionEnded,
  exemptionEnding,
  exemptionNeedless,
  exemptionWithoutReason,
  notInjected,
  policyInvalid,
  policyUnknown,
  policyUnreadable,
  policyWithoutEffect,
  protectionRemoved,
  restartFollows,
  workloadTooSmall,
];
