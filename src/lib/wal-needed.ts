// Which WAL segments of a stretch the store lacks. Room: lib (pure).
import type { StoreContents } from './store-contents.ts';
import { listSegments, parseSegment } from './wal-segment.ts';

/**
 * From the first to the last of one timeline, both of them included.
 * @throws Error for what are no names of segments of one timeline, in order
 */
export function listMissing(
  { segments, segmentBytes }: Pick<StoreContents, 'segments' | 'segmentBytes'>,
  first: string,
  last: string,
): string[] {
  const [from, to] = [parseSegment(first, segmentBytes), parseSegment(last, segmentBytes)];
  if (!from || !to || from.timeline !== to.timeline || from.index > to.index)
    throw new Error(`from ${first} to ${last} is no stretch of WAL`);
  const stored = new Set(segments.map(({ name }) => name));
  return listSegments(from, to, segmentBytes).filter((name) => !stored.has(name));
}
