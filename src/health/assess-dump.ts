// The condition LastDumpSucceeded of one database pod. Room: health (pure).
import type { Instance } from '../api/protected-database.ts';
import { listMembers, newest } from '../lib/cluster-members.ts';
import { type Finding, finding } from './finding.ts';
import type { Terms } from './terms.ts';

/**
 * Of the instance's cluster: after a failover the new primary has the dumps that the old one made. One that shrank is
 * complete and kept; somebody is to look at the data, once: the next one is measured by it.
 *
 * | asked for | last good one | last failed one | result            |
 * | no        |               |                 | none              |
 * | yes       | none          | none            | Unknown           |
 * | yes       | any           | after it        | False, failed     |
 * | yes       | overdue       | none, before it | False, overdue    |
 * | yes       | young, shrank | none, before it | False, shrank     |
 * | yes       | young         | none, before it | True              |
 */
export function assessDump(
  instance: Instance,
  known: readonly Instance[],
  { dumpOverdueSeconds }: Terms,
  now: string,
): Finding | undefined {
  if (dumpOverdueSeconds === undefined) return undefined;
  const { pod } = instance;
  const members = listMembers(instance, known);
  const good = newest(members.map((each) => each.lastDump));
  const bad = newest(members.map((each) => each.lastFailedDump));
  if (bad && !(good && timeOf(good) >= timeOf(bad)))
    return finding('False', 'LastDumpFailed', `${pod}: ${bad.message}`);
  if (!good) return finding('Unknown', 'NoDumpYet', `${pod}: no dump yet`);
  const { name, finishedAt, shrank, warning } = good;
  if (Date.parse(now) - timeOf(good) > (dumpOverdueSeconds ?? Number.POSITIVE_INFINITY) * 1000) {
    return finding('False', 'DumpOverdue', `${pod}: the last good dump was finished at ${finishedAt}: ${name}`);
  }
  if (shrank !== undefined) {
    const remedy = 'it is complete, and no older one was removed: look whether data were lost';
    return finding('False', 'LastDumpShrank', `${pod}: ${name}: ${shrank}; ${remedy}`);
  }
  return finding('True', 'LastDumpSucceeded', `${pod}: ${name}${warning === undefined ? '' : `; ${warning}`}`);
}

interface Run {
  readonly finishedAt: string;
}

function timeOf({ finishedAt }: Run): number {
  return Date.parse(finishedAt);
}
