// Evidence: what a drill or a restore did and found, as it is kept in the store, signed, and chained. Room: api (pure).
// Times are RFC 3339, durations are seconds, sizes are bytes; numbers that may exceed 2^53 are strings.
import type { RestoreTarget } from './restore.ts';

/** Unknown: it could not run, so it says nothing about the backups. It is never counted as good. */
export type EvidenceOutcome = 'passed' | 'failed' | 'unknown';

/** Of restores alone: look (in place, while the database runs), stop, load (of a dump), put-back. */
export interface EvidencePhase {
  readonly name: 'look' | 'stop' | 'fetch' | 'load' | 'start' | 'replay' | 'put-back' | 'checks';
  readonly startedAt: string;
  readonly seconds: number;
  readonly bytes?: number;
  /** What was run, without any secret. */
  readonly command?: string;
}

export interface EvidenceCheck {
  /** Such as `control-file`, `checksums`, `amcheck`, `rows`, `sql:orders-are-recent`. */
  readonly name: string;
  /** Skipped: it does not apply, and `seen` says why. */
  readonly result: 'passed' | 'failed' | 'skipped' | 'unknown';
  readonly expected?: string;
  readonly seen: string;
  readonly seconds: number;
}

/** SHA-256 in hexadecimal of programs that ran: a version or a tag may name another one tomorrow. */
export interface ProgramDigests {
  readonly engine?: string;
  /** Of the server that a drill started; absent where its image has no sha256sum. */
  readonly postgres?: string;
}

export interface EvidenceRecord {
  readonly apiVersion: 'walguard.dev/v1alpha1';
  readonly kind: 'Evidence';
  /** Its name in the store as well: sorts as time goes by, such as `20261121T201533Z-orders-0-weekly`. */
  readonly id: string;
  readonly what: 'drill' | 'restore';
  /** Of the drill in the policy, or of the Restore. */
  readonly name: string;
  /** Who asked: `schedule`, the user as Kubernetes knows them, or `unknown`. */
  readonly requestedBy: string;
  /** Of a Restore: by its uid it is recorded once. */
  readonly restore?: {
    readonly uid: string;
    /** In words: what came to be. */
    readonly destination: string;
  };
  readonly database: {
    readonly namespace: string;
    readonly name: string;
    /** The database pod. */
    readonly instance: string;
    readonly systemIdentifier: string;
    readonly storagePrefix: string;
  };
  readonly policy: string;
  /** As it was asked for, and what recovery was told to stop at: nothing where a dump was loaded, or old data put back. */
  readonly target: { readonly asked: string; readonly resolved: RestoreTarget };
  readonly outcome: EvidenceOutcome;
  /** One sentence: what was shown, what is wrong, or why it could not be found out. */
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly phases: readonly EvidencePhase[];
  readonly recovery?: {
    /** Or the dump. */
    readonly baseBackup: string;
    /** Commit time of the last transaction that came back. */
    readonly lastTransactionAt?: string;
    /** From the beginning of a drill's fetch, or of a restore, until Postgres took writes. */
    readonly rtoSeconds?: number;
    /** With a target of latest: how old the last transaction that came back was, at the beginning of the run. */
    readonly achievedRpoSeconds?: number;
  };
  readonly objectives: {
    readonly rtoSeconds?: number;
    readonly rpoSeconds?: number;
  };
  readonly checks: readonly EvidenceCheck[];
  readonly versions: {
    readonly walguard: string;
    readonly engine: string;
    /** Of the server that was started, such as `15.18`; of a restore the major. */
    readonly postgres?: string;
    /** Of the database container, as the pod has it. */
    readonly image?: string;
    readonly digests?: ProgramDigests;
  };
  /** SHA-256 of the record before it of this database, as stored, in hexadecimal; absent in the first one. */
  readonly previous?: string;
}

/** A file of the store: the record's canonical JSON as text, so that what was signed is what is kept. */
export interface SignedEvidence {
  readonly record: string;
  /** Ed25519 over the record's bytes, base64; absent where there was no key. */
  readonly signature?: string;
  /** SPKI PEM of the key. */
  readonly publicKey?: string;
}
