// A dry run: what goes once one more good base backup has been made. Room: lib (pure).
import { decideRetention, type RetentionRules } from '../retention.ts';
import type { StoreContents, StoredBackup, StoredSegment } from '../store-contents.ts';
import { formatSegment, parseSegment } from '../wal-segment.ts';

export interface NextBackup {
  /** RFC 3339: when it is due. */
  readonly at: string;
  /** Deltas that may follow a full backup. */
  readonly deltaSteps: number;
}

/** Names of the base backups that go then. */
export function previewRetention(
  contents: StoreContents,
  rules: RetentionRules | undefined,
  next: NextBackup,
): readonly string[] {
  const newest = contents.backups.toSorted((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt)).at(-1);
  if (!newest) return [];
  const segment = findNextSegment(contents, newest);
  const backup = { ...imagine(newest, segment, next.at), ...chooseParent(contents.backups, newest, next) };
  const stored: StoredSegment = { name: segment, bytes: contents.segmentBytes, modifiedAt: next.at };
  const then = {
    ...contents,
    backups: [...contents.backups, backup],
    segments: [...contents.segments, stored],
  };
  return decideRetention(then, rules, next.at).removed;
}

function imagine(newest: StoredBackup, segment: string, at: string): StoredBackup {
  const { parent: _, ...backup } = newest;
  return {
    ...backup,
    name: `base_${segment}`,
    startedAt: at,
    finishedAt: at,
    startSegment: segment,
    finishSegment: segment,
    isPermanent: false,
    parts: 1,
    compressedBytes: 0,
  };
}

/** After the last one of the newest backup's timeline. */
function findNextSegment({ segments, segmentBytes }: StoreContents, { timeline, finishSegment }: StoredBackup): string {
  const indexes = [finishSegment, ...segments.map(({ name }) => name)]
    .map((name) => parseSegment(name, segmentBytes))
    .filter((segment) => segment?.timeline === timeline)
    .map((segment) => segment?.index ?? 0);
  const last = indexes.reduce((highest, index) => Math.max(highest, index), 0);
  return formatSegment({ timeline, index: last + 1 }, segmentBytes);
}

/** Deltas follow one another until there are so many as may follow a full backup. */
function chooseParent(
  backups: readonly StoredBackup[],
  newest: StoredBackup,
  { deltaSteps }: NextBackup,
): { parent?: string } {
  let steps = 1;
  for (let { parent } = newest; parent !== undefined && steps <= deltaSteps; steps++)
    parent = backups.find(({ name }) => name === parent)?.parent;
  return steps <= deltaSteps ? { parent: newest.name } : {};
}
