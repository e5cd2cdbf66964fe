// What the store holds below one cluster's prefix, whichever engine wrote it. Room: lib (pure).

export interface StoredBackup {
  /** base_<segment>, of a delta base_<segment>_D_<segment of its parent>; walrus appends the whole chain, parent by parent. */
  readonly name: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly timeline: number;
  /** Names of the WAL segments that it needs at least: from its start to its finish. */
  readonly startSegment: string;
  readonly finishSegment: string;
  /** The backup that a delta builds on; absent for a full one. */
  readonly parent?: string;
  /** Marked in the engine to be kept by hand: nothing of ours removes it. */
  readonly isPermanent: boolean;
  /** As the engine noted it when it was made, in bytes. */
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** What its parts in the store have now, in bytes, and how many they are. */
  readonly storedBytes: number;
  readonly parts: number;
  /** Of the cluster that it was made of, in decimal; absent where the engine did not note it. */
  readonly systemIdentifier?: string;
}

/** A backup that was finished once, and of which what the engine reads first is gone or torn. */
export interface UnusableBackup {
  readonly name: string;
  readonly why: 'sentinel-missing' | 'sentinel-unreadable';
  /** Of all that is left of it. */
  readonly storedBytes: number;
}

export interface StoredSegment {
  /** Of a whole segment: 24 hexadecimal digits. */
  readonly name: string;
  readonly bytes: number;
  /** When it was stored, RFC 3339. */
  readonly modifiedAt: string;
  /** When its last transaction ended, RFC 3339: read only of the segments before a gap. */
  readonly lastTransactionAt?: string;
}

/** The end of a timeline's parent, of a .history file. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly parent: number;
  /** Where the timeline leaves its parent, as `0/3000028`. */
  readonly at: string;
}

export interface StoreContents {
  /** RFC 3339: when it was listed, by the clock of who did. */
  readonly listedAt: string;
  /** RFC 3339: when the newest object of any kind was stored, by the store's own clock; absent where there is none. */
  readonly newestAt?: string;
  /** Bytes of a WAL segment of this cluster. */
  readonly segmentBytes: number;
  /** By their finish, oldest first. What never was finished is not listed: it may still be running. */
  readonly backups: readonly StoredBackup[];
  readonly unusable: readonly UnusableBackup[];
  /** By their names; those without a byte are not listed. */
  readonly segments: readonly StoredSegment[];
  readonly switches: readonly TimelineSwitch[];
}

/** For sorting by their finish, oldest first. */
export function byFinish(a: StoredBackup, b: StoredBackup): number {
  return Date.parse(a.finishedAt) - Date.parse(b.finishedAt);
}

export type BackupsByName = ReadonlyMap<string, StoredBackup>;

export function byNameOf(backups: readonly StoredBackup[]): BackupsByName {
  return new Map(backups.map((backup) => [backup.name, backup]));
}

/** A backup and what it builds on, the full one last; shorter where one is missing, or builds on what builds on it. */
export function listChain(backup: StoredBackup, byName: BackupsByName): StoredBackup[] {
  const chain = [backup];
  for (let { parent } = backup; parent !== undefined; ) {
    const next = byName.get(parent);
    if (!next || chain.includes(next)) break;
    chain.push(next);
    parent = next.parent;
  }
  return chain;
}

/** Undefined where it does not get to a full one. */
export function listWholeChain(backup: StoredBackup, byName: BackupsByName): StoredBackup[] | undefined {
  const chain = listChain(backup, byName);
  return chain.at(-1)?.parent === undefined ? chain : undefined;
}
