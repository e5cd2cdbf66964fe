// The settings that hold for one workload: the policy's, with every default filled in. Room: policy (pure).
import { type BackupPolicySpec, backupPolicySpecSchema } from '../api/backup-policy.ts';
import { parseDurationSeconds } from '../lib/duration.ts';

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
}

const { s3 } = backupPolicySpecSchema.properties.storage.properties;
const { archive, baseBackup } = backupPolicySpecSchema.properties;

export function resolveSettings(policy: string, spec: BackupPolicySpec): Settings {
  const { prefix, endpoint, region, forcePathStyle, credentialsSecret } = spec.storage.s3;
  return {
    policy,
    storage: {
      prefix: prefix.replace(/\/+$/, ''),
      ...(endpoint === undefined ? {} : { endpoint }),
      region: region ?? s3.properties.region.default,
      forcePathStyle: forcePathStyle ?? s3.properties.forcePathStyle.default,
      credentialsSecret,
    },
    archiveTimeoutSeconds: parseDurationSeconds(spec.archive?.timeout ?? archive.properties.timeout.default),
    compression: spec.archive?.compression ?? archive.properties.compression.default,
    schedule: spec.baseBackup?.schedule ?? baseBackup.properties.schedule.default,
    timeZone: spec.baseBackup?.timeZone ?? baseBackup.properties.timeZone.default,
    baseBackupTimeoutSeconds: parseDurationSeconds(spec.baseBackup?.timeout ?? baseBackup.properties.timeout.default),
  };
}
