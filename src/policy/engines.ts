// What the engines lack, as far as a BackupPolicy can ask for it. Room: policy (pure).
import type { CompletePolicySpec } from '../api/backup-policy.ts';

/** The engines that there are; an image of walguard holds one of them. */
export const ENGINE_IDS = ['wal-g', 'walrus'] as const;

export type EngineId = (typeof ENGINE_IDS)[number];

interface EngineGap {
  readonly lackedBy: EngineId;
  readonly hadBy: EngineId;
  readonly field: string;
  /** After "no". */
  readonly what: string;
  /** A sentence. */
  readonly instead: string;
  readonly isAsked: (spec: CompletePolicySpec) => boolean;
}

/** Both engines have every compression, libsodium, deltas, base backups over the network and from a standby. */
export const ENGINE_GAPS: readonly EngineGap[] = [
  {
    lackedBy: 'walrus',
    hadBy: 'wal-g',
    field: 'spec.storage.s3.serverSideEncryption',
    what: 'setting for encryption by the store',
    instead: "the bucket's own default encryption works with either.",
    isAsked: ({ storage }) => storage.s3?.serverSideEncryption !== undefined,
  },
];
