// Which WAL stays for the backups that stay. Room: lib (pure).
import type { StoreContents, StoredBackup, StoredSegment } from '../store-contents.ts';
import { parseSegment, type Segment } from '../wal-segment.ts';
import { listOwnSegments } from './sound.ts';

/**
 * Segments that nothing which stays needs, oldest first. What stays:
 * - all from an anchor's start on, of its timeline and of every later one: those may have come from it;
 * - what any kept backup needs by itself, from its start to its finish;
 * - whatever was stored since the oldest anchor began, of any timeline: an old primary may still write there.
 *
 * @param anchors backups from which any later moment is to be restored
 */
export function listNeedlessSegments(
  { segments, segmentBytes }: StoreContents,
  kept: readonly StoredBackup[],
  anchors: readonly StoredBackup[],
): string[] {
  const own = new Set(kept.flatMap((backup) => listOwnSegments(backup, segmentBytes) ?? []));
  const starts = anchors.map(({ startSegment }) => parseSegment(startSegment, segmentBytes));
  const began = Math.min(...anchors.map(({ startedAt }) => Date.parse(startedAt)));
  // Of what says nothing that can be understood, nothing is known to be needless.
  if (Number.isNaN(began) || starts.includes(undefined)) return [];
  const isReached = buildReach(starts as Segment[]);
  return segments
    .filter(({ name, modifiedAt }) => {
      const segment = parseSegment(name, segmentBytes);
      return segment !== undefined && !own.has(name) && !isReached(segment) && Date.parse(modifiedAt) < began;
    })
    .sort(byAge)
    .map(({ name }) => name);
}

/** The lowest segment for each timeline: there are few of those, and millions of segments. */
function buildReach(starts: readonly Segment[]): (segment: Segment) => boolean {
  const lowest = new Map<number, number>();
  return ({ timeline, index }) => {
    const known = lowest.get(timeline);
    const from = known ?? Math.min(...starts.filter((each) => each.timeline <= timeline).map((each) => each.index));
    lowest.set(timeline, from);
    return index >= from;
  };
}

function byAge(a: StoredSegment, b: StoredSegment): number {
  return Date.parse(a.modifiedAt) - Date.parse(b.modifiedAt) || (a.name < b.name ? -1 : 1);
}
