// Contents of a store for tests of what is decided from them: one segment a minute, named by small numbers.
import type { StoreContents, StoredBackup, StoredSegment } from '../../src/lib/store-contents.ts';
import { formatSegment, SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';

const START = Date.UTC(2026, 10, 1);

/** A moment so many minutes into the story. */
export function minute(minutes: number): string {
  return new Date(START + minutes * 60_000).toISOString();
}

export function segmentName(index: number, timeline = 1): string {
  return formatSegment({ timeline, index });
}

/** Stored in the minute of its number; its last transaction ended ten seconds before. */
export function segment(index: number, timeline = 1): StoredSegment {
  return {
    name: segmentName(index, timeline),
    bytes: 5_000_000,
    modifiedAt: minute(index),
    lastTransactionAt: minute(index - 1 / 6),
  };
}

/** From `from` to `to`, both included. */
export function segments(from: number, to: number, timeline = 1): StoredSegment[] {
  return Array.from({ length: to - from + 1 }, (_, each) => segment(from + each, timeline));
}

/** Starts in segment `index` and is finished in it, half a minute before the segment is stored. */
export function backup(index: number, over: Partial<StoredBackup> = {}): StoredBackup {
  const timeline = over.timeline ?? 1;
  const name = segmentName(index, timeline);
  return {
    name: over.parent ? `base_${name}_D_${over.parent.slice('base_'.length, 29)}` : `base_${name}`,
    startedAt: minute(index - 0.75),
    finishedAt: minute(index - 0.5),
    timeline,
    startSegment: name,
    finishSegment: name,
    isPermanent: false,
    compressedBytes: 4_000_000,
    uncompressedBytes: 20_000_000,
    storedBytes: 4_000_000,
    parts: 3,
    ...over,
  };
}

export function makeContents(over: Partial<StoreContents> = {}): StoreContents {
  return {
    listedAt: minute(1000),
    segmentBytes: SEGMENT_BYTES,
    backups: [],
    unusable: [],
    segments: [],
    switches: [],
    ...over,
  };
}
