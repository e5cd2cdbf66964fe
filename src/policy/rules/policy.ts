// The rules over BackupPolicies, sorted by id. Room: policy (pure).
import type { PolicyFacts } from '../policy-facts.ts';
import type { Rule } from '../rule.ts';
import { alertBeforeDue } from './policy/alert-before-due.ts';
import { archiveTimeoutShort } from './policy/archive-timeout-short.ts';
import { baseBackupRarerThanWindow } from './policy/base-backup-rarer-than-window.ts';
import { cooldownTooShort } from './policy/cooldown-too-short.ts';
import { drillEndsBeforeObjective } from './policy/drill-ends-before-objective.ts';
import { drillOutOfReach } from './policy/drill-out-of-reach.ts';
import { drillRarerThanObjective } from './policy/drill-rarer-than-objective.ts';
import { drillTargetContradiction } from './policy/drill-target-contradiction.ts';
import { dumpFormat } from './policy/dump-format.ts';
import { dumpKeptTooShort } from './policy/dump-kept-too-short.ts';
import { encryptionKeyLost } from './policy/encryption-key-lost.ts';
import { engineLacks } from './policy/engine-lacks.ts';
import { engineNotInstalled } from './policy/engine-not-installed.ts';
import { keepBelowMinimum } from './policy/keep-below-minimum.ts';
import { kmsKey } from './policy/kms-key.ts';
import { lifecycleEatsBackups } from './policy/lifecycle-eats-backups.ts';
import { logPatternInvalid } from './policy/log-pattern-invalid.ts';
import { nameTwice } from './policy/name-twice.ts';
import { notCarriedOut } from './policy/not-carried-out.ts';
import { objectiveUnproven } from './policy/objective-unproven.ts';
import { recoveryMayReset } from './policy/recovery-may-reset.ts';
import { recoveryUnannounced } from './policy/recovery-unannounced.ts';
import { remoteWithoutDeltas } from './policy/remote-without-deltas.ts';
import { retentionShorterThanWindow } from './policy/retention-shorter-than-window.ts';
import { rpoUnreachable } from './policy/rpo-unreachable.ts';
import { scheduleCrowded } from './policy/schedule-crowded.ts';
import { scheduleInvalid } from './policy/schedule-invalid.ts';
import { scheduleLeftOut } from './policy/schedule-left-out.ts';
import { scheduleNeverFires } from './policy/schedule-never-fires.ts';
import { schedulesOverlap } from './policy/schedules-overlap.ts';
import { secretInUrl } from './policy/secret-in-url.ts';
import { staleDrillWithoutAge } from './policy/stale-drill-without-age.ts';
import { storageInClear } from './policy/storage-in-clear.ts';
import { timeZoneUnknown } from './policy/time-zone-unknown.ts';

export const POLICY_RULES: readonly Rule<PolicyFacts>[] = [
  alertBeforeDue,
  archiveTimeoutShort,
  baseBackupRarerThanWindow,
  cooldownTooShort,
  drillEndsBeforeObjective,
  drillOutOfReach,
  drillRarerThanObjective,
  drillTargetContradiction,
  dumpFormat,
  dumpKeptTooShort,
  encryptionKeyLost,
  engineLacks,
  engineNotInstalled,
  keepBelowMinimum,
  kmsKey,
  lifecycleEatsBackups,
  logPatternInvalid,
  nameTwice,
  notCarriedOut,
  objectiveUnproven,
  recoveryMayReset,
  recoveryUnannounced,
  remoteWithoutDeltas,
  retentionShorterThanWindow,
  rpoUnreachable,
  scheduleCrowded,
  scheduleInvalid,
  scheduleLeftOut,
  scheduleNeverFires,
  schedulesOverlap,
  secretInUrl,
  staleDrillWithoutAge,
  storageInClear,
  timeZoneUnknown,
];
