// In which order a clean-up takes away what retention lets go. Room: lib (pure).
//
// An engine's own `delete` removes the parts of a backup before its sentinel: ended in the middle, it leaves one that is listed
// and cannot be restored (walrus also takes a failed removal for a success). So the sentinel goes first here, of a delta before
// its parent's, and WAL last. Ended at any point, a clean-up leaves only what nothing lists, and the next one finds it.
import type { RetentionDecision } from './retention.ts';
import type { StoredObject } from './store-listing.ts';

export interface PrunePlan {
  /** Paths below the cluster's prefix, one after the other: what these name is no backup any more. */
  readonly sentinels: readonly string[];
  /** Folders with a slash at their end: parts of those, and of what never became a backup or was removed in part. */
  readonly folders: readonly string[];
  /** Paths of WAL segments and of what is stored beside each. */
  readonly wal: readonly string[];
}

/** A backup that runs now has younger parts than this, in milliseconds. */
const LEFTOVER_MS = 24 * 3_600_000;

const FOLDER = 'basebackups_005';
const SENTINEL = '_backup_stop_sentinel.json';

/**
 * @param objects all of the store below the cluster's prefix
 * @param now RFC 3339
 */
export function planPrune(objects: readonly StoredObject[], decision: RetentionDecision, now: string): PrunePlan {
  const paths = new Set(objects.map(({ path }) => path));
  const folders = Map.groupBy(objects, ({ path }) => new RegExp(`^${FOLDER}/(base_[^/]+)/`).exec(path)?.[1]);
  const sentinelOf = (name: string) => `${FOLDER}/${name}${SENTINEL}`;
  // One that is kept was listed with its sentinel, whatever this listing says.
  const kept = new Set(decision.kept.map(({ name }) => name));
  const stays = (name: string) => kept.has(name) || paths.has(sentinelOf(name));
  const leftovers = [...folders].flatMap(([name, parts]) =>
    name !== undefined && !stays(name) && isLeftover(parts, decision, now) ? [name] : [],
  );
  return {
    sentinels: decision.removed.map(sentinelOf),
    folders: [...decision.removed.filter((name) => folders.has(name)), ...leftovers].map(
      (name) => `${FOLDER}/${name}/`,
    ),
    wal: listWal(objects, decision.removedSegments),
  };
}

/**
 * | every part is older than a day | it was finished once | every part is older than all that is kept whole | leftover |
 * | no                             |                      |                                                 | no: it may run |
 * | yes                            | no                   |                                                 | yes: it was broken off |
 * | yes                            | yes                  | no                                              | no: somebody removed its sentinel |
 * | yes                            | yes                  | yes                                             | yes: an earlier clean-up was ended |
 */
function isLeftover(parts: readonly StoredObject[], { since }: RetentionDecision, now: string): boolean {
  if (since === undefined) return false;
  const youngest = Math.max(...parts.map(({ modifiedAt }) => Date.parse(modifiedAt)));
  // The engines write it last of all, right before the sentinel.
  const wasFinished = parts.some(({ path }) => path.endsWith('/metadata.json'));
  return youngest < Date.parse(now) - LEFTOVER_MS && (!wasFinished || youngest < Date.parse(since));
}

/**
 * By segment as they were decided; labels and the like before the segment itself, which they would outlive otherwise. All that
 * begins with its name goes, so none of these paths is a prefix of what stays.
 */
function listWal(objects: readonly StoredObject[], removed: readonly string[]): string[] {
  const bySegment = Map.groupBy(objects, ({ path }) => /^wal_005\/([0-9A-F]{24})[^/]*$/.exec(path)?.[1]);
  return removed.flatMap((name) =>
    (bySegment.get(name) ?? []).map(({ path }) => path).sort((a, b) => b.length - a.length),
  );
}
