// archive.switchAtLeastEvery: when does an idle primary write something and close its segment? No I/O. Room: agent (door).
import type { Observed } from '../tools/postgres.ts';

/** The WAL file that is written to, and since when it has been that one, in milliseconds since 1970. */
export interface Pulse {
  readonly walFile: string;
  readonly since: number;
  /** It was closed by us: the next file to be seen is not news, but its successor. */
  readonly isClosed?: boolean;
}

/**
 * | Postgres answers | in recovery | file                          | since             | beat |
 * | no               |             |                               |                   | no   |
 * | yes              | yes         |                               |                   | no   |
 * | yes              | no          | another                       |                   | no   |
 * | yes              | no          | the same, or the one after it | less than `every` | no   |
 * | yes              | no          | the same, or the one after it | longer            | yes  |
 *
 * The one after it: Postgres names the next file when something is written to it, which our next beat does. A file that a new
 * sidecar sees for the first time is as old as the last one that was archived.
 */
export function takePulse(
  before: Pulse | undefined,
  observed: Pick<Observed, 'walFile' | 'archiver'> | undefined,
  everySeconds: number,
  now: number,
): { pulse: Pulse | undefined; isDue: boolean } {
  const walFile = observed?.walFile;
  if (walFile === undefined) return { pulse: undefined, isDue: false };
  const since = sinceWhen(before, walFile, observed?.archiver.lastArchivedTime, now);
  const isDue = now - since >= everySeconds * 1000;
  if (isDue) return { pulse: { walFile, since: now, isClosed: true }, isDue };
  return { pulse: { walFile, since, isClosed: before?.walFile === walFile && before.isClosed === true }, isDue };
}

function sinceWhen(before: Pulse | undefined, walFile: string, archivedAt: string | undefined, now: number): number {
  if (before === undefined) return Date.parse(archivedAt ?? '') || now;
  return before.walFile === walFile || before.isClosed ? before.since : now;
}
