// Reasons of the Events that walguard writes on StatefulSets, ProtectedDatabases and Restores. Room: api (pure).
import type { Condition } from './kubernetes.ts';

export type EventType = 'Normal' | 'Warning';

export const EVENT_REASONS = {
  /** A base backup is in the store. */
  BackupSucceeded: 'Normal',
  BackupFailed: 'Warning',
  VerificationPassed: 'Normal',
  /** What the store has is not what Postgres archived; or nobody could find out. */
  VerificationFailed: 'Warning',
  /** Backups that the policy does not keep any more are gone. */
  BackupsPruned: 'Normal',
  PruneFailed: 'Warning',
  DumpSucceeded: 'Normal',
  /** A good dump that is much smaller than the one before. */
  DumpShrank: 'Warning',
  DumpFailed: 'Warning',
  /** A restore was rehearsed, and works. */
  DrillSucceeded: 'Normal',
  /** What came back is not what it should be: the backups are bad. */
  DrillFailed: 'Warning',
  /** It could not run, and says nothing about the backups. */
  DrillCouldNotRun: 'Warning',
  /** Segments are missing: what lies between two recovery windows cannot be restored. */
  WalGap: 'Warning',
  /** Postgres was about to run out of space, and the policy says onStorageFull: dropAndRebase. */
  WalDropped: 'Warning',
  /** The sidecar can, or cannot, use the store with its credentials. */
  StorageAvailable: 'Normal',
  StorageUnavailable: 'Warning',
  StorageUnknown: 'Warning',
  /** The policy that is named does not exist, or cannot be carried out. */
  PolicyNotResolved: 'Warning',
  /** Of conditions, by CONDITION_REASONS. */
  Protected: 'Normal',
  NotProtected: 'Warning',
  ProtectionUnknown: 'Warning',
  ArchivingResumed: 'Normal',
  ArchivingStopped: 'Warning',
  ArchivingUnknown: 'Warning',
  BackupsHealthy: 'Normal',
  BackupsUnhealthy: 'Warning',
  BackupsUnknown: 'Warning',
  WalIntact: 'Normal',
  WalNotIntact: 'Warning',
  WalUnchecked: 'Warning',
  DumpsHealthy: 'Normal',
  DumpsUnhealthy: 'Warning',
  DumpsUnknown: 'Warning',
  DrillsHealthy: 'Normal',
  DrillsUnhealthy: 'Warning',
  DrillsUnknown: 'Warning',
  ConditionGood: 'Normal',
  ConditionBad: 'Warning',
  ConditionUnknown: 'Warning',
  /** Phases of a Restore. */
  RestoreFetching: 'Normal',
  RestoreStopping: 'Normal',
  RestoreReplaying: 'Normal',
  RestorePuttingBack: 'Warning',
  RestoreStarting: 'Normal',
  RestoreCompleted: 'Normal',
  RestoreFailed: 'Warning',
  /** Its record is in the store; or why there is none, or what is not right with it. */
  RestoreRecorded: 'Normal',
  RestoreEvidenceProblem: 'Warning',
} as const satisfies Record<string, EventType>;

export type EventReason = keyof typeof EVENT_REASONS;

type ByStatus = Readonly<Record<Condition['status'], EventReason>>;

/** What a condition's change is called; of one without a line here it is said that it is good, bad or unknown. */
export const CONDITION_REASONS: Readonly<Record<string, ByStatus>> = {
  Protected: { True: 'Protected', False: 'NotProtected', Unknown: 'ProtectionUnknown' },
  ContinuousArchiving: { True: 'ArchivingResumed', False: 'ArchivingStopped', Unknown: 'ArchivingUnknown' },
  LastBackupSucceeded: { True: 'BackupsHealthy', False: 'BackupsUnhealthy', Unknown: 'BackupsUnknown' },
  WALIntegrityCheckPassed: { True: 'WalIntact', False: 'WalNotIntact', Unknown: 'WalUnchecked' },
  StorageReachable: { True: 'StorageAvailable', False: 'StorageUnavailable', Unknown: 'StorageUnknown' },
  LastDumpSucceeded: { True: 'DumpsHealthy', False: 'DumpsUnhealthy', Unknown: 'DumpsUnknown' },
  LastDrillSucceeded: { True: 'DrillsHealthy', False: 'DrillsUnhealthy', Unknown: 'DrillsUnknown' },
};

export const OTHER_CONDITION: ByStatus = { True: 'ConditionGood', False: 'ConditionBad', Unknown: 'ConditionUnknown' };
