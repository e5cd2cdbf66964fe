// Full or delta, and onto which backup: decided from what the store holds, never left to the engine. Room: lib (pure).
//
// An engine may take the changed blocks of a delta from the WAL since its parent and not from the pages themselves (walrus
// always does). Such a delta is right only if that WAL is whole and of one timeline: after a failover the archive may hold
// segments of the same numbers that the old primary wrote and the new one never had.
import { byNameOf, listWholeChain, type StoreContents, type StoredBackup } from './store-contents.ts';
import { listMissing } from './wal-needed.ts';
import { parseSegment } from './wal-segment.ts';

export type Chosen =
  | { readonly kind: 'delta'; readonly parent: string }
  /** why: after "full, because". */
  | { readonly kind: 'full'; readonly why: string };

export interface DeltaWish {
  /** Deltas that may follow a full backup. */
  readonly deltaSteps: number;
  /** That the server writes. */
  readonly timeline: number;
  /** The newest WAL that Postgres was told is archived: what of it the store lacks was lost on the way. */
  readonly lastArchivedWal?: string | undefined;
}

/**
 * Deltas that a restore puts one onto another at most; the next one builds on the full backup again. walrus also writes the names
 * of all of them into the name of the last, which must stay a file's name.
 */
const MAX_CHAIN = 6;

/**
 * The first that holds:
 *
 * | no deltas are wanted                                             | full                           |
 * | the store has no full backup                                     | full                           |
 * | as many deltas as are wanted have followed the newest full one   | full                           |
 * | the chain of the newest backup lacks one                         | full                           |
 * | the newest one's chain is shorter than a restore should have it  | delta onto it, if it will do   |
 * | it is as long as that                                            | delta onto the full one, if it will do |
 *
 * A parent will not do, and it is a full one, where it is marked permanent (it outlives its chain), is of another timeline, or
 * where WAL from its start up to what Postgres was told is archived lacks a segment, or the latter is not known.
 */
export function chooseParent(contents: StoreContents, wish: DeltaWish): Chosen {
  const { backups } = contents;
  if (wish.deltaSteps === 0) return full('the policy wants no deltas');
  const fullAt = backups.findLastIndex(({ parent }) => parent === undefined);
  const [root, newest] = [backups[fullAt], backups.at(-1)];
  if (!root || !newest) return full('there is none yet');
  const deltas = backups.length - 1 - fullAt;
  if (deltas >= wish.deltaSteps) return full(`the last one has ${deltas} ${deltas === 1 ? 'delta' : 'deltas'}`);
  const chain = listWholeChain(newest, byNameOf(backups));
  if (chain === undefined) return full(`the chain of ${newest.name} lacks a backup`);
  // The full one is no step.
  const parent = chain.length - 1 < MAX_CHAIN ? newest : root;
  const why = findFault(parent, contents, wish);
  return why === undefined ? { kind: 'delta', parent: parent.name } : full(why);
}

function full(why: string): Chosen {
  return { kind: 'full', why };
}

function findFault(
  { name, isPermanent, timeline: ofParent, startSegment, finishSegment }: StoredBackup,
  contents: StoreContents,
  { timeline, lastArchivedWal = '' }: DeltaWish,
): string | undefined {
  if (isPermanent) return `${name} is marked permanent`;
  if (ofParent !== timeline) return `${name} is of timeline ${ofParent}`;
  // Also the label of a backup, which is archived under a segment's name.
  const archived = lastArchivedWal.slice(0, 24);
  if (parseSegment(archived, contents.segmentBytes)?.timeline !== timeline)
    return 'it is not known up to where WAL is archived';
  const [first] = listMissing(contents, startSegment, archived > finishSegment ? archived : finishSegment);
  return first === undefined ? undefined : `the store lacks WAL segment ${first}`;
}
