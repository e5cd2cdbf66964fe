// The settings that hold for one workload: the policy's, with every default filled in. Room: policy (pure).
import type { BackupPolicySpec, CompletePolicySpec } from '../api/backup-policy.ts';
import { parseDurationSeconds } from '../lib/duration.ts';
import type { RetentionRules } from '../lib/retention.ts';
import { completePolicySpec } from './schema.ts';

/** What a store is used with, whatever it is. Secrets are named, in the database's namespace. */
interface StorageUse {
  /** All that is written is encrypted with the key in this Secret, before it leaves the pod. */
  readonly encryptionKeySecret?: string;
}

export interface BucketSettings extends StorageUse {
  /** Bucket and path without a trailing slash, such as s3://walguard. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly forcePathStyle: boolean;
  readonly credentialsSecret: string;
  /** With the CA of a store whose certificate no public one has signed. */
  readonly caSecret?: string;
  readonly serverSideEncryption?: { readonly algorithm: 'AES256' | 'aws:kms'; readonly kmsKeyId?: string };
}

/** A claim for each database, behind a small S3 server of its own. */
export interface RepositorySettings extends StorageUse {
  readonly volume: { readonly size: string; readonly storageClassName?: string };
}

export type StorageSettings = BucketSettings | RepositorySettings;

/** What is written to the archive, and when. */
export interface ArchiveSettings {
  readonly timeoutSeconds: number;
  readonly compression: 'lz4' | 'zstd' | 'none';
  /** An idle database closes a segment this often too. */
  readonly switchAtLeastEverySeconds?: number;
  readonly onStorageFull: 'block' | 'dropAndRebase';
}

export interface BaseBackupSettings {
  readonly schedule: string;
  readonly timeZone: string;
  readonly timeoutSeconds: number;
  readonly method: 'node' | 'sidecar' | 'remote';
  readonly from: 'primary' | 'standby';
  /** Deltas that may follow a full backup; 0 takes full ones only. */
  readonly deltaSteps: number;
}

/** Nothing is removed where the policy has none. */
export interface RetentionSettings extends RetentionRules {
  /** When to clean up, in the same time zone; without it after each good base backup. */
  readonly schedule?: string;
}

/** What jobs are told: when they run is their CronJob's. */
export function rulesOf({ schedule: _, ...rules }: RetentionSettings): RetentionRules {
  return rules;
}

export interface DumpSettings {
  readonly schedule: string;
  readonly timeZone: string;
  readonly tool: 'pg_dumpall' | 'pg_dump';
  readonly format: 'gzip' | 'custom';
  readonly destination: NonNullable<CompletePolicySpec['dump']>['destination'];
  readonly keepSeconds: number;
  readonly timeoutSeconds: number;
}

/** One rehearsed restore. */
export interface DrillSettings {
  readonly name: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly source: 'baseBackup' | 'dump';
  readonly target: 'latest' | 'random' | 'lag';
  /** With target lag. */
  readonly lagSeconds?: number;
  readonly amcheck: boolean;
  readonly checks: NonNullable<NonNullable<CompletePolicySpec['drills']>[number]['checks']>;
  /** Name of a ConfigMap with more of them. */
  readonly checksFrom?: string;
  /** Where it runs; without it where its database is. */
  readonly namespace?: string;
  readonly timeoutSeconds: number;
}

/** What is promised of every database of the policy. */
export interface ObjectiveSettings {
  readonly rpoSeconds?: number;
  readonly rtoSeconds?: number;
  readonly drillAgeSeconds?: number;
  readonly onStaleDrill: 'ignore' | 'warn' | 'refuse';
}

export interface Settings {
  /** Name of the BackupPolicy. */
  readonly policy: string;
  readonly storage: StorageSettings;
  readonly archive: ArchiveSettings;
  readonly baseBackup: BaseBackupSettings;
  readonly retention?: RetentionSettings;
  readonly verify?: { readonly schedule: string; readonly timeZone: string };
  readonly dump?: DumpSettings;
  /** Absent where there are none. */
  readonly drills?: readonly DrillSettings[];
  readonly objectives?: ObjectiveSettings;
  readonly alerts?: { readonly backupOverdueAfterSeconds?: number; readonly walOverdueAfterSeconds?: number };
  /** Told of each good base backup. */
  readonly pushgateway?: { readonly url: string; readonly metric: string };
  /** What the StatefulSet should have; it is only warned. */
  readonly workload?: CompletePolicySpec['workload'];
}

/** @param policy its name */
export function resolveSettings(policy: string, spec: BackupPolicySpec): Settings {
  const complete = completePolicySpec(spec);
  const { verify, metrics, workload } = complete;
  return {
    policy,
    storage: resolveStorage(complete),
    archive: resolveArchive(complete),
    baseBackup: resolveBaseBackup(complete),
    ...resolveRetention(complete),
    ...(verify === undefined ? {} : { verify: { schedule: verify.schedule, timeZone: verify.timeZone } }),
    ...resolveDump(complete),
    ...resolveDrills(complete),
    ...resolveObjectives(complete),
    ...resolveAlerts(complete),
    ...(metrics?.pushgateway === undefined ? {} : { pushgateway: metrics.pushgateway }),
    ...(workload === undefined ? {} : { workload }),
  };
}

function resolveStorage({ storage: { s3, volume }, encryption }: CompletePolicySpec): StorageSettings {
  const use = encryption === undefined ? {} : { encryptionKeySecret: encryption.keySecret };
  if (volume !== undefined) return { volume, ...use };
  // The schema asks for one of the two.
  if (s3 === undefined) throw new Error('a policy has neither storage.s3 nor storage.volume');
  const { lifecycleRule: _offered, ...bucket } = s3;
  return { ...bucket, ...use };
}

function resolveArchive({ archive }: CompletePolicySpec): ArchiveSettings {
  return {
    timeoutSeconds: parseDurationSeconds(archive.timeout),
    compression: archive.compression,
    ...seconds('switchAtLeastEverySeconds', archive.switchAtLeastEvery),
    onStorageFull: archive.onStorageFull,
  };
}

function resolveBaseBackup({ baseBackup }: CompletePolicySpec): BaseBackupSettings {
  const { timeout, schedule, timeZone, method, from, deltaSteps } = baseBackup;
  return { schedule, timeZone, timeoutSeconds: parseDurationSeconds(timeout), method, from, deltaSteps };
}

function resolveRetention({ retention }: CompletePolicySpec): Pick<Settings, 'retention'> {
  if (retention === undefined) return {};
  const { recoveryWindow, ...rest } = retention;
  return { retention: { ...seconds('recoveryWindowSeconds', recoveryWindow), ...rest } };
}

function resolveDump({ dump }: CompletePolicySpec): Pick<Settings, 'dump'> {
  if (dump === undefined) return {};
  const { keep, timeout, ...rest } = dump;
  return { dump: { ...rest, keepSeconds: parseDurationSeconds(keep), timeoutSeconds: parseDurationSeconds(timeout) } };
}

function resolveDrills({ drills = [] }: CompletePolicySpec): Pick<Settings, 'drills'> {
  if (drills.length === 0) return {};
  return {
    drills: drills.map(({ lag, timeout, checks = [], ...rest }) => ({
      ...rest,
      ...seconds('lagSeconds', lag),
      checks,
      timeoutSeconds: parseDurationSeconds(timeout),
    })),
  };
}

function resolveObjectives({ objectives }: CompletePolicySpec): Pick<Settings, 'objectives'> {
  if (objectives === undefined) return {};
  const { rpo, rto, drillAge, onStaleDrill } = objectives;
  return {
    objectives: {
      ...seconds('rpoSeconds', rpo),
      ...seconds('rtoSeconds', rto),
      ...seconds('drillAgeSeconds', drillAge),
      onStaleDrill,
    },
  };
}

function resolveAlerts({ alerts }: CompletePolicySpec): Pick<Settings, 'alerts'> {
  if (alerts === undefined) return {};
  return {
    alerts: {
      ...seconds('backupOverdueAfterSeconds', alerts.backupOverdueAfter),
      ...seconds('walOverdueAfterSeconds', alerts.walOverdueAfter),
    },
  };
}

function seconds<K extends string>(key: K, duration: string | undefined): { [key in K]?: number } {
  return (duration === undefined ? {} : { [key]: parseDurationSeconds(duration) }) as { [key in K]?: number };
}
