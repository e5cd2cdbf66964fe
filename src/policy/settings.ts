// The settings that hold for one workload: the policy's, with every default filled in. Room: policy (pure).
import type { BackupPolicySpec, CompletePolicySpec } from '../api/backup-policy.ts';
import { parseDurationSeconds } from '../lib/duration.ts';
import type { Reason } from '../lib/reason.ts';
import { findImpossible, notYetPossible } from './rules/policy/not-yet-possible.ts';
import { completePolicySpec } from './schema.ts';

export interface StorageSettings {
  /** Bucket and path without a trailing slash, such as s3://walguard. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region: string;
  readonly forcePathStyle: boolean;
  readonly credentialsSecret: string;
}

export interface Settings {
  /** Name of the BackupPolicy. */
  readonly policy: string;
  readonly storage: StorageSettings;
  readonly archiveTimeoutSeconds: number;
  readonly compression: 'lz4' | 'zstd' | 'none';
  readonly schedule: string;
  readonly timeZone: string;
  readonly baseBackupTimeoutSeconds: number;
  /** What the StatefulSet should have; it is only warned. */
  readonly workload?: CompletePolicySpec['workload'];
}

/** Or why there are none: this version would have to leave out what the policy promises of stored data. */
export function resolveSettings(policy: string, spec: BackupPolicySpec): Settings | readonly Reason[] {
  const complete = completePolicySpec(spec);
  const { storage, archive, baseBackup, workload } = complete;
  const impossible = findImpossible(complete);
  if (storage.s3 === undefined || impossible.length > 0) {
    return impossible.map((finding) => ({ code: notYetPossible.id, ...finding }));
  }
  const { prefix, endpoint, region, forcePathStyle, credentialsSecret } = storage.s3;
  return {
    policy,
    storage: {
      prefix: prefix.replace(/\/+$/, ''),
      ...(endpoint === undefined ? {} : { endpoint }),
      region,
      forcePathStyle,
      credentialsSecret,
    },
    archiveTimeoutSeconds: parseDurationSeconds(archive.timeout),
    compression: archive.compression,
    schedule: baseBackup.schedule,
    timeZone: baseBackup.timeZone,
    baseBackupTimeoutSeconds: parseDurationSeconds(baseBackup.timeout),
    ...(workload === undefined ? {} : { workload }),
  };
}
