// What all drills of a database come to, in one line of its status. Room: health (pure).
import type { DrillResult, LastDrill } from '../api/protected-database/drill.ts';
import type { Instance, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { listMembers, newest } from '../lib/cluster-members.ts';
import { earliest } from '../lib/recovery-window.ts';

/** @param rehearsed one instance at least of each cluster that is to be restorable */
export function summarizeDrills(
  rehearsed: readonly Instance[],
  known: readonly Instance[],
): Pick<ProtectedDatabaseStatus, 'lastDrill' | 'lastSuccessfulDrill'> {
  const last = newest(known.flatMap(({ lastDrills = [] }) => lastDrills));
  const good = rehearsed.map((each) => newest(listMembers(each, known).map((member) => member.lastSuccessfulDrill)));
  const oldest = good.every((each) => each) ? earliest(good.map((each) => each?.finishedAt)) : undefined;
  return {
    ...(last ? { lastDrill: toLastDrill(last) } : {}),
    ...(oldest === undefined ? {} : { lastSuccessfulDrill: oldest }),
  };
}

function toLastDrill({ name, finishedAt, result, rtoSeconds, achievedRpoSeconds, evidence }: DrillResult): LastDrill {
  return {
    name,
    finishedAt,
    result,
    ...(rtoSeconds === undefined ? {} : { rtoSeconds }),
    ...(achievedRpoSeconds === undefined ? {} : { achievedRpoSeconds }),
    ...(evidence === undefined ? {} : { evidence }),
  };
}
