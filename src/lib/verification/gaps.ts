// Missing WAL between stored segments, and when that asks for a fresh base backup. Room: lib (pure).
import { formatTime } from '../recovery-window.ts';
import type { StoreContents } from '../store-contents.ts';
import { type Gap, listRuns } from '../stored-runs.ts';
import { indexOf, nameAt } from '../timelines.ts';
import { count, type Facts, type Finding, ownLine, requiredFrom } from './facts.ts';

/** How long a gap is told of where the policy names no recovery window: what it took will not come back. */
const DEFAULT_PROMISE_SECONDS = 7 * 24 * 3600;

/** A gap counts while a moment that it took is promised by the policy's recovery window. */
export function findGaps(facts: Facts): Finding[] {
  const { contents, retention } = facts;
  const promisedSeconds = retention?.recoveryWindowSeconds ?? DEFAULT_PROMISE_SECONDS;
  const promisedFrom = Date.parse(contents.listedAt) - promisedSeconds * 1000;
  return listRequiredGaps(facts)
    .filter(({ endsAt }) => storedAt(contents, endsAt) >= promisedFrom)
    .map((gap) => ({ code: 'wal-gap', message: describeGap(facts, gap) }));
}

function listRequiredGaps(facts: Facts): readonly Gap[] {
  const from = requiredFrom(facts);
  if (from === undefined) return [];
  const { gaps } = listRuns(ownLine(facts), facts.contents, facts.server);
  return gaps.filter(({ last }) => last >= from);
}

function describeGap(facts: Facts, gap: Gap): string {
  const { contents } = facts;
  const name = (index: number) => nameAt(ownLine(facts), index, contents.segmentBytes);
  const which = gap.first === gap.last ? name(gap.first) : `${name(gap.first)} to ${name(gap.last)}`;
  const missing = `WAL is missing: ${which}, ${count(gap.last - gap.first + 1, 'segment')}`;
  return `${missing}; ${describeLoss(facts, gap)}`;
}

/**
 * | a window ends at the gap | a good base backup begins after it | what is said                                       |
 * | yes                      | yes                                | from the window's end to the backup nothing        |
 * | yes                      | no                                 | from the window's end on nothing; a backup is made |
 * | no                       | yes                                | before the backup nothing                          |
 * | no                       | no                                 | nothing at all; a backup is made                   |
 */
function describeLoss({ inventory, stretches, contents }: Facts, gap: Gap): string {
  const ending = stretches.find(({ run, isOpen }) => !isOpen && run.last + 1 === gap.first);
  const to = inventory.recoveryWindows.find(({ from }) => from === ending?.backups[0].finishedAt)?.to;
  const next = stretches
    .flatMap(({ backups }) => backups)
    .find(({ startSegment }) => indexOf(startSegment, contents.segmentBytes) > gap.last);
  const end = next ? formatTime(next.finishedAt) : undefined;
  if (end === undefined) {
    const loss = to ? `no moment after ${formatTime(to)}` : 'no moment';
    return `${loss} can be restored until a fresh base backup is made, which walguard starts now`;
  }
  return `no moment ${to ? `between ${formatTime(to)} and` : 'before'} ${end}, when the next base backup was finished, can be restored`;
}

/**
 * | good base backup that reaches the newest WAL | newest WAL was lost | gap | base backups | fresh one, named by            |
 * | yes                                          |                     |     |              | none                           |
 * | no                                           | yes                 |     | some         | the last segment that was lost |
 * | no                                           | no                  | yes | some         | the segment after the last gap |
 * | no                                           | no                  | no  | only bad     | what the newest one ends with  |
 * | no                                           |                     |     | none at all  | none: the first one is due     |
 */
export function findRebase(facts: Facts): string | undefined {
  const { stretches, contents } = facts;
  if (stretches.some(({ isOpen }) => isOpen)) return undefined;
  if (contents.backups.length === 0) return contents.unusable.at(-1)?.name;
  const { gaps, lost } = listRuns(ownLine(facts), contents, facts.server);
  return lost.at(-1) ?? gaps.at(-1)?.endsAt ?? contents.backups.at(-1)?.finishSegment;
}

function storedAt({ segments }: StoreContents, segment: string): number {
  return Date.parse(segments.find(({ name }) => name === segment)?.modifiedAt ?? '');
}
