// Which WAL of a line of timelines is stored without a gap. Room: lib (pure).
import type { StoreContents } from './store-contents.ts';
import { type Line, namesAlong, timelineAt } from './timelines.ts';
import { parseSegment } from './wal-segment.ts';

/** Segments one after the other, by their index, both ends included. */
export interface Run {
  readonly first: number;
  readonly last: number;
}

/** What is missing between two runs. */
export interface Gap extends Run {
  /** Name of the first segment after it. */
  readonly endsAt: string;
}

/** What Postgres says of segments that the store does not show. */
export interface Archiving {
  /** They wait in pg_wal and will come. */
  readonly waiting: ReadonlySet<string>;
  /** It was told that they are stored: those that it has still. */
  readonly archived: ReadonlySet<string>;
  /** The last one of those. Postgres archives in their order, so it was told the same of all before it that do not wait. */
  readonly archivedUpTo?: string;
  /** What is missing now counts as missing, however young what follows it is. */
  readonly isFinal?: true;
}

/** Where Postgres was not asked. */
export const NOT_ASKED: Archiving = { waiting: new Set(), archived: new Set() };

/** For a recovery, which does not wait: it ends at the first segment that it does not get. */
export const FINAL: Archiving = { ...NOT_ASKED, isFinal: true };

/** Engines upload several segments at a time: a younger one may be there first. After this the other one is late. */
export const UPLOAD_MS = 600_000;

export interface Stored {
  readonly line: Line;
  /** By their position; over a gap that may yet be filled a run goes on. */
  readonly runs: readonly Run[];
  /** Those that will not be filled. */
  readonly gaps: readonly Gap[];
  /** Names of what Postgres was told is stored, and is not, after all that is: whatever comes next has a gap before it. */
  readonly lost: readonly string[];
}

/**
 * Unless it is final:
 *
 * | missing segment waits in pg_wal | Postgres was told it is stored | the segment after it is young | it is a gap |
 * | yes                             |                                |                               | no          |
 * | no                              | yes                            |                               | yes         |
 * | no                              | no                             | yes                           | no          |
 * | no                              | no                             | no                            | yes         |
 */
export function listRuns(line: Line, contents: StoreContents, archiving: Archiving): Stored {
  const runs: Run[] = [];
  const gaps: Gap[] = [];
  for (const { index, name, modifiedAt } of listPositions(line, contents)) {
    const run = runs.at(-1);
    const missing = run === undefined ? undefined : { first: run.last + 1, last: index - 1 };
    if (run === undefined || missing === undefined) runs.push({ first: index, last: index });
    else if (missing.first > missing.last) runs[runs.length - 1] = { first: run.first, last: index };
    else {
      const names = listNames(line, missing, contents.segmentBytes);
      const isYoung = Date.parse(contents.listedAt) - Date.parse(modifiedAt) < UPLOAD_MS;
      if (names.every((each) => mayCome(each, isYoung, archiving)))
        runs[runs.length - 1] = { first: run.first, last: index };
      else {
        runs.push({ first: index, last: index });
        gaps.push({ ...missing, endsAt: name });
      }
    }
  }
  return { line, runs, gaps, lost: listLost(line, runs.at(-1), contents.segmentBytes, archiving) };
}

function listLost(line: Line, newest: Run | undefined, segmentBytes: number, { archived }: Archiving): string[] {
  return [...archived].sort().filter((name) => {
    const segment = parseSegment(name, segmentBytes);
    if (segment === undefined || newest === undefined) return false;
    return segment.index > newest.last && segment.timeline === timelineAt(line, segment.index);
  });
}

function mayCome(
  name: string,
  isYoung: boolean,
  { waiting, archived, archivedUpTo = '', isFinal }: Archiving,
): boolean {
  if (isFinal) return false;
  const isSameTimeline = name.slice(0, 8) === archivedUpTo.slice(0, 8);
  const isArchived = archived.has(name) || (isSameTimeline && name <= archivedUpTo);
  return waiting.has(name) || (isYoung && !isArchived);
}

/** The stored segments that a recovery along the line reads, in its order. */
function listPositions(line: Line, { segments, segmentBytes }: StoreContents) {
  return segments
    .flatMap((segment) => {
      const position = parseSegment(segment.name, segmentBytes);
      return position !== undefined && timelineAt(line, position.index) === position.timeline
        ? [{ ...segment, index: position.index }]
        : [];
    })
    .sort((a, b) => a.index - b.index);
}

/** More are not asked about one by one: so many never wait and are stored in part. */
const MANY = 10_000;

export function listNames(line: Line, { first, last }: Run, segmentBytes: number): string[] {
  return namesAlong(line, first, Math.min(last, first + MANY - 1), segmentBytes);
}
