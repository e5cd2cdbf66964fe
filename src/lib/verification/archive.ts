// What Postgres says of its archive, against what the store has. Room: lib (pure).
import { listRuns } from '../stored-runs.ts';
import { indexOf } from '../timelines.ts';
import { parseSegment } from '../wal-segment.ts';
import { count, type Facts, type Finding, ownLine, requiredFrom } from './facts.ts';

export function findArchiveFlaws(facts: Facts): Finding[] {
  return [...findUnstored(facts), ...findAhead(facts), ...findHiddenTimelines(facts)];
}

/**
 * An archive_command that lies, or newest segments that were lost: nothing after them tells of it. Those with something after
 * them are told of as a gap; those from before the oldest base backup retention has removed.
 */
function findUnstored(facts: Facts): Finding[] {
  const { contents, server } = facts;
  const from = requiredFrom(facts) ?? 0;
  const { lost } = listRuns(ownLine(facts), contents, server);
  const wanted = lost.filter((name) => indexOf(name, contents.segmentBytes) >= from);
  const [first] = wanted;
  if (first === undefined) return [];
  const which = wanted.length === 1 ? first : `${first} to ${wanted.at(-1)}`;
  const message = `Postgres was told that WAL is archived which the store does not have: ${which}, ${count(wanted.length, 'segment')}; what it holds cannot be restored, Postgres will not send it again, and nothing after it can be restored until a fresh base backup is made`;
  return [{ code: 'archived-not-stored', message }];
}

/** A server that was set back, or a second one that archives to the same place. */
function findAhead({ contents: { segments, segmentBytes }, server }: Facts): Finding[] {
  const current = parseSegment(server.currentSegment, segmentBytes);
  const newest = segments.filter(({ name }) => parseSegment(name, segmentBytes)?.timeline === server.timeline).at(-1);
  if (current === undefined || newest === undefined || newest.name <= server.currentSegment) return [];
  const message = `the store has WAL up to ${newest.name}, stored at ${newest.modifiedAt}, and Postgres writes ${server.currentSegment} of the same timeline: it was set back, or another server archives to the same place; what is stored is not overwritten, so archiving will stop`;
  return [{ code: 'store-ahead', message }];
}

/** A recovery that begins on an older timeline finds the way to the newest by their histories. */
function findHiddenTimelines({ contents: { backups, switches }, server }: Facts): Finding[] {
  const oldest = Math.min(server.timeline, ...backups.map(({ timeline }) => timeline));
  const known = new Set(switches.map(({ timeline }) => timeline));
  const missing: string[] = [];
  for (let timeline = oldest + 1; timeline <= server.timeline; timeline++) {
    const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
    if (!known.has(timeline) && !server.waiting.has(name)) missing.push(name);
  }
  if (missing.length === 0) return [];
  const message = `${missing.join(', ')} is missing: from a base backup of timeline ${oldest} nothing can be restored that was written after it was left`;
  return [{ code: 'history-missing', message }];
}
