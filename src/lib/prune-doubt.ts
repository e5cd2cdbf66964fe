// May anything be removed by this clock, for this server? Room: lib (pure).
import { findNewestTimeline } from './retention/lineage.ts';
import type { StoreContents } from './store-contents.ts';

/**
 * The sidecar of a primary writes to the store each minute, and a base backup ends with an object of its own, for whose WAL is
 * waited ten minutes at most: the rest is for long listings and for clocks that differ. In milliseconds.
 */
const FRESH_MS = 30 * 60_000;

/**
 * A clock that runs ahead makes every base backup look older than it is, and a server that lives on after a failover takes its
 * own for the newest ones. The store has noted when it got its objects, and which timelines there are.
 *
 * | newest object, by the store's own clock | newest timeline in the store | doubt                         |
 * | there is none                           |                              | nothing to go by              |
 * | long before now                         |                              | one of the two clocks is wrong |
 * | lately, or after now                    | newer than the server's      | another primary has taken over |
 * | lately, or after now                    | the server's, or older       | none                          |
 *
 * @param timeline that the server writes
 * @param now RFC 3339, by the clock that backups are to be judged by
 * @returns why nothing may be removed; undefined where there is no doubt
 */
export function findDoubt(contents: StoreContents, timeline: number, now: string): string | undefined {
  const { newestAt } = contents;
  if (newestAt === undefined) return 'the store is empty';
  if (!(Date.parse(now) - Date.parse(newestAt) <= FRESH_MS))
    return (
      `it is ${now} by the clock of this node, and the store's newest object is of ${newestAt} by the store's clock; ` +
      'one of the two is wrong, or the sidecar cannot write. Set the clock'
    );
  const newest = findNewestTimeline(contents);
  if (newest <= timeline) return undefined;
  return (
    `the store has timeline ${newest}, this server writes timeline ${timeline}: another primary took over, and its backups are ` +
    'not to be judged from here. End the one that is not wanted; if that is the other, promote this one once more, to a newer timeline'
  );
}
