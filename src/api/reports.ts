// What agents tell the controller: the sidecar by HTTP, the jobs by their termination message. Room: api (pure).

import type { DrillResult } from './protected-database/drill.ts';
import type { Archiver, Backup, Dump, Inventory, Prune, StorageProbe, Verification } from './protected-database.ts';
import type { RestoredDump, RestorePlanSummary, RestoreTarget } from './restore.ts';

/** GET /status of the sidecar. Times are RFC 3339; numbers that may exceed 2^53 are strings. */
export interface SidecarStatus {
  readonly database: string;
  readonly pod: string;
  /** Absent until the data directory is initialised. */
  readonly clusterId?: string;
  readonly storagePrefix?: string;
  /** Does the engine's daemon run, and with credentials? */
  readonly daemon: 'running' | 'waiting-for-data' | 'waiting-for-credentials' | 'failing';
  readonly postgres: 'up' | 'down';
  /** Only while postgres is up. */
  readonly inRecovery?: boolean;
  /** That Postgres writes now; absent in recovery. */
  readonly timeline?: number;
  readonly lastReplayedTime?: string;
  readonly archiver?: Archiver;
  /** Absent until the store was asked for the first time. */
  readonly storage?: StorageProbe;
  /** Why something above is not as it should be; never a secret. */
  readonly message?: string;
}

/** Last line of a base-backup job, in at most 4096 bytes. Skipped: the server is a standby; its primary is backed up. */
export type BaseBackupReport =
  | { readonly ok: true; readonly skipped: 'standby' }
  | {
      readonly ok: true;
      readonly backup: Backup;
      /** When the oldest base backup of this cluster in the store was finished: RFC 3339. */
      readonly firstFinishedAt: string;
      readonly clusterId: string;
      readonly durationMs: number;
      readonly inventory?: Inventory;
      /** Where the policy prunes after each good base backup. */
      readonly prune?: PruneOutcome;
      /** Where the policy names one; it was told, or why not. */
      readonly pushgateway?: { readonly ok: true } | { readonly ok: false; readonly message: string };
    }
  | { readonly ok: false; readonly message: string };

/** A prune that failed does not make the base backup before it a bad one. */
export type PruneOutcome =
  | ({ readonly ok: true } & Pick<Prune, 'kept' | 'removed' | 'next'>)
  | { readonly ok: false; readonly message: string };

/** Last line of a prune job. Skipped: the last base backup failed, or the server is a standby. */
export type PruneReport =
  | { readonly ok: true; readonly skipped: string }
  | {
      readonly ok: true;
      readonly prune: PruneOutcome & { readonly ok: true };
      readonly inventory: Inventory;
      readonly clusterId: string;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a verify job. With findings it ends with code 1 as well: the CronJob's lastSuccessfulTime stays meaningful. */
export type VerifyReport =
  | { readonly ok: true; readonly skipped: 'standby' }
  | {
      readonly ok: boolean;
      /** passed if there are none. */
      readonly findings: Verification['findings'];
      readonly inventory: Inventory;
      readonly clusterId: string;
      readonly durationMs: number;
      /**
       * No base backup reaches the newest WAL, so a fresh one is needed: a name of what it comes after, the same for as long as
       * the reason is. The segment at which the newest gap ends, the last one that was lost, or what the last backup ends with.
       */
      readonly rebaseAfter?: string;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a dump job. Kept and removed are dumps, the new one among the kept. */
export type DumpReport =
  | { readonly ok: true; readonly skipped: 'standby' }
  | {
      readonly ok: true;
      readonly dump: Dump;
      readonly clusterId: string;
      readonly kept: number;
      readonly removed: number;
    }
  | { readonly ok: false; readonly message: string };

/** GET /status of a restore job's pod: nothing yet while it looks for what to fetch. */
export interface RestoreProgress {
  /** One of the two, once it is known. */
  readonly plan?: RestorePlanSummary;
  readonly dump?: RestoredDump;
  /** On the volume since the fetch began, and for how many seconds it runs. */
  readonly bytes?: number;
  readonly seconds?: number;
}

/** Last line of a drill job. ok is whether it passed: the CronJob's lastSuccessfulTime stays meaningful. */
export type DrillReport =
  | {
      readonly ok: boolean;
      /** Its job is known from elsewhere. */
      readonly drill: DrillResult;
      readonly clusterId: string;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a restore job. */
export type RestoreReport =
  | {
      readonly ok: true;
      /** Of the cluster that was restored: only its database's folder may have been named. */
      readonly storagePrefix?: string;
      readonly plan: RestorePlanSummary;
      readonly durationMs: number;
      /** What the user should know of it. */
      readonly note?: string;
      /** In place: where the old data are kept. */
      readonly aside?: string;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a job that puts the old data back. Made: where what the restore made is kept, if it came to that. */
export type PutBackReport =
  | { readonly ok: true; readonly made?: string }
  | {
      readonly ok: false;
      readonly message: string;
      /** There is a whole cluster in the data directory, so that a start of Postgres makes no new one. */
      readonly isWhole?: boolean;
    };

/** Last line of a restore job that loads a dump. */
export type LoadReport =
  | {
      readonly ok: true;
      readonly dump: RestoredDump;
      readonly durationMs: number;
      readonly note?: string;
      /** Of a new database that took the place of one: for how long nobody could connect to it. */
      readonly swapMs?: number;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a job that keeps the evidence of a restore. Doubts: what is not as it should be with the record, in words. */
export type RestoreEvidenceReport =
  | { readonly ok: true; readonly evidence: string; readonly doubts: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** In PGDATA beside recovery.signal: what the recovery that starts there reads from. */
export interface RestoreRecord {
  readonly restore: string;
  /** Of the Restore: by it a second run of the same one knows that it has been here. */
  readonly uid: string;
  /** For whom it is: the StatefulSet of this name; absent for a claim alone, on which any of the namespace may start. */
  readonly namespace: string;
  readonly database?: string;
  readonly systemIdentifier: string;
  /** Of the cluster that comes of it: lib/cluster-identity.ts. Absent in those of an older walguard. */
  readonly incarnation: string;
  readonly storagePrefix: string;
  /** What its postgresql.auto.conf says, for people who look. */
  readonly target: RestoreTarget;
  readonly baseBackup: string;
  /** By the restore job: HMAC-SHA256 in hexadecimal (agent/restore-signature.ts). */
  readonly signature: string;
}
