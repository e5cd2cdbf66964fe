// What agents tell the controller: the sidecar by HTTP, the jobs by their termination message. Room: api (pure).
import type { Archiver, Backup } from './protected-database.ts';

/** GET /status of the sidecar. Times are RFC 3339; numbers that may exceed 2^53 are strings. */
export interface SidecarStatus {
  readonly database: string;
  readonly pod: string;
  /** Absent until the data directory is initialised. */
  readonly systemIdentifier?: string;
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
      readonly systemIdentifier: string;
      readonly durationMs: number;
    }
  | { readonly ok: false; readonly message: string };

/** Last line of a restore job. */
export type RestoreReport =
  | { readonly ok: true; readonly baseBackup: string; readonly durationMs: number; readonly bytes: number }
  | { readonly ok: false; readonly message: string };

/** In PGDATA beside recovery.signal: what the recovery that starts there reads from. */
export interface RestoreRecord {
  readonly restore: string;
  readonly storagePrefix: string;
  readonly targetTime: string;
  readonly baseBackup: string;
}
