// A dry run: what goes once one more good base backup has been made. Room: lib (pure).
import { decideRetention, type RetentionRules } from '../retention.ts';
import {
  byFinish,
  byNameOf,
  listWholeChain,
  type StoreContents,
  type StoredBackup,
  type StoredSegment,
} from '../store-contents.ts';
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
  const newest = contents.backups.toSorted(byFinish).at(-1);
  if (!newest) return [];
  const segment = findNextSegment(contents, newest);
  const backup = { ...imagine(newest, segment, next.at), ...imagineParent(contents.backups, newest, next) };
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
function imagineParent(
  backups: readonly StoredBackup[],
  newest: StoredBackup,
  { deltaSteps }: NextBackup,
): { parent?: string } {
  const chain = listWholeChain(newest, byNameOf(backups));
  return chain !== undefined && chain.length <= deltaSteps ? { parent: newest.name } : {};
}
