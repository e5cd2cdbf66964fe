// A store with one WAL segment each hour, for tests of retention: days are counted from 2026-11-01, hours within them from 0.
import type { StoreContents, StoredBackup, StoredSegment } from '../../src/lib/store-contents.ts';
import { formatSegment, parseSegment, SEGMENT_BYTES } from '../../src/lib/wal-segment.ts';
import { backup as buildBackup, makeContents } from './store-contents.ts';

const START = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;

/** @param day from 1 on */
export function at(day: number, hour = 0): string {
  return new Date(START + ((day - 1) * 24 + hour) * HOUR).toISOString();
}

/** Of the segment that is stored at the end of that hour. */
export function segmentAt(day: number, hour = 0, timeline = 1): string {
  return formatSegment({ timeline, index: (day - 1) * 24 + hour + 1 });
}

/** Takes ten minutes, within one hour and segment. */
export function backupAt(day: number, hour = 0, over: Partial<StoredBackup> = {}): StoredBackup {
  const name = segmentAt(day, hour, over.timeline);
  return {
    ...buildBackup(0, { ...over, startSegment: name, finishSegment: name }),
    name: over.parent ? `base_${name}_D_${over.parent.slice('base_'.length, 29)}` : `base_${name}`,
    startedAt: at(day, hour + 1 / 6),
    finishedAt: at(day, hour + 2 / 6),
    ...over,
  };
}

/** From one hour up to another, which is left out. */
export function walFrom(day: number, hour: number, toDay: number, toHour: number, timeline = 1): StoredSegment[] {
  const [from, to] = [(day - 1) * 24 + hour, (toDay - 1) * 24 + toHour];
  return Array.from({ length: to - from }, (_, step) => ({
    name: formatSegment({ timeline, index: from + step + 1 }),
    bytes: 5_000_000,
    modifiedAt: new Date(START + (from + step + 1) * HOUR).toISOString(),
  }));
}

/** With all WAL from the first day to the given one, unless told otherwise. */
export function storeOf(
  backups: readonly StoredBackup[],
  today: number,
  over: Partial<StoreContents> = {},
): StoreContents {
  return makeContents({
    listedAt: at(today),
    segmentBytes: SEGMENT_BYTES,
    backups,
    segments: walFrom(1, 0, today, 0),
    ...over,
  });
}

/** Segments as `1:1-24`, of timeline 1 from number 1 to 24. */
export function describeSegments(names: readonly string[]): string[] {
  const segments = names
    .map((name) => parseSegment(name))
    .filter((each) => each !== undefined)
    .sort((a, b) => a.timeline - b.timeline || a.index - b.index);
  const stretches: { timeline: number; from: number; to: number }[] = [];
  for (const { timeline, index } of segments) {
    const last = stretches.at(-1);
    if (last?.timeline === timeline && last.to === index - 1) last.to = index;
    else stretches.push({ timeline, from: index, to: index });
  }
  return stretches.map(({ timeline, from, to }) => `${timeline}:${from}-${to}`);
}
