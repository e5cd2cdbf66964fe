// How long what may take before it is late: the policy's schedules and alerts as seconds. Room: health (pure).

export interface Terms {
  /** An idle archiver with waiting segments: archive_timeout and the time an upload may take. */
  readonly archiveLateSeconds: number;
  /** Without WAL archived for this long somebody is to be told; absent: no such alert. */
  readonly walOverdueSeconds?: number;
  /** A good base backup this old is overdue; absent where its schedule never comes round twice. */
  readonly backupOverdueSeconds?: number;
  /** The same of verifications and of dumps; null: asked for, and never overdue; absent: not asked for. */
  readonly verificationOverdueSeconds?: number | null;
  readonly dumpOverdueSeconds?: number | null;
  /** One for each drill of the policy; absent where it has none. */
  readonly drills?: readonly DrillTerms[];
  /** What is promised; absent: nothing is. */
  readonly drillAgeSeconds?: number;
  readonly rtoSeconds?: number;
  readonly rpoSeconds?: number;
}

export interface DrillTerms {
  readonly name: string;
  /** Null: never overdue. */
  readonly overdueSeconds: number | null;
  /** It replays all that is archived, so what it does not bring back would be lost: a dump, or a moment of the past, does not. */
  readonly showsLoss: boolean;
  /** What keeps it from being made at all, and what to do about it; absent: nothing does. */
  readonly missing?: string;
}
