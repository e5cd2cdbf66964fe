// The condition LastDrillSucceeded of one database pod: do restores work, and as is promised? Room: health (pure).
import type { DrillResult } from '../api/protected-database/drill.ts';
import type { Instance } from '../api/protected-database.ts';
import { listMembers, newest } from '../lib/cluster-members.ts';
import { formatDurationSeconds } from '../lib/duration.ts';
import { type Finding, finding } from './finding.ts';
import type { DrillTerms, Terms } from './terms.ts';

/**
 * Do restores of the instance's cluster work? Whichever member's job looked; one finding for each drill of the policy, and one
 * more where the promised age is over; none where the policy has no drills.
 *
 * A drill that may not be made where it is to run shows nothing, whatever came of it before: Unknown, DrillNotAllowed. Of others:
 *
 * | the drill's last run | since then                         | result                    |
 * | none                 |                                    | Unknown, NoDrill          |
 * | failed               |                                    | False, DrillFailed        |
 * | unknown              |                                    | Unknown, DrillCouldNotRun |
 * | passed               | two of its runs should have come   | Unknown, Stale            |
 * | passed               | less                               | True, LastDrillSucceeded  |
 *
 * | the last good one of all drills | objectives.drillAge, and the time of a drill | result              |
 * | none                            |                                              | none: see above     |
 * | there                           | over                                         | False, DrillTooOld  |
 * | there                           | not over, or not promised                    | none                |
 */
export function assessProof(instance: Instance, known: readonly Instance[], terms: Terms, now: string): Finding[] {
  const members = listMembers(instance, known);
  const ofDrills = (terms.drills ?? []).map((drill) => assessDrill(instance.pod, drill, lastOf(members, drill), now));
  return [...ofDrills, ...assessAge(instance.pod, members, terms, now)];
}

/**
 * The restore works, and what was promised of it does not hold: reason ObjectiveMissed. It is said in LastDrillSucceeded, and
 * takes nothing from Protected: the data do come back.
 *
 * | the drill's last run                 | its time | what it would have lost | result |
 * | passed                               | over rto |                         | False  |
 * | passed, it replays all that there is |          | over rpo                | False  |
 * | otherwise                            |          |                         | none   |
 */
export function assessPromise(instance: Instance, known: readonly Instance[], terms: Terms): Finding[] {
  const members = listMembers(instance, known);
  return (terms.drills ?? []).flatMap((drill) => {
    const last = lastOf(members, drill);
    if (last?.result !== 'passed') return [];
    const what = `${instance.pod}: drill ${drill.name} of ${last.finishedAt}`;
    return [
      ...compare(last.rtoSeconds, terms.rtoSeconds, (seen) => `${what} took ${seen} to restore`, 'rto'),
      ...compare(
        drill.showsLoss ? last.achievedRpoSeconds : undefined,
        terms.rpoSeconds,
        (seen) => `${what} lost the last ${seen}`,
        'rpo',
      ),
    ];
  });
}

function compare(
  seen: number | undefined,
  allowed: number | undefined,
  say: (seen: string) => string,
  name: 'rto' | 'rpo',
): Finding[] {
  if (seen === undefined || allowed === undefined || seen <= allowed) return [];
  const promise = `objectives.${name} allows ${formatDurationSeconds(allowed)}`;
  return [finding('False', 'ObjectiveMissed', `${say(formatDurationSeconds(seen))}, and ${promise}`)];
}

function lastOf(members: readonly Instance[], { name }: DrillTerms): DrillResult | undefined {
  return newest(members.flatMap(({ lastDrills = [] }) => lastDrills.filter((each) => each.name === name)));
}

function assessDrill(
  pod: string,
  { name, overdueSeconds, missing }: DrillTerms,
  last: DrillResult | undefined,
  now: string,
): Finding {
  const what = `${pod}: drill ${name}`;
  if (missing !== undefined) return finding('Unknown', 'DrillNotAllowed', `${what} is not made: ${missing}`);
  if (!last)
    return finding('Unknown', 'NoDrill', `${what} has not run yet; to run it now: walguard drill run --drill ${name}`);
  const { result, message, finishedAt } = last;
  if (result === 'failed') return finding('False', 'DrillFailed', `${what} failed at ${finishedAt}: ${message}`);
  if (result !== 'passed') return finding('Unknown', 'DrillCouldNotRun', `${what} could not run: ${message}`);
  if (ageSeconds(finishedAt, now) > (overdueSeconds ?? Number.POSITIVE_INFINITY))
    return finding('Unknown', 'Stale', `${what} came to an end for the last time at ${finishedAt}`);
  return finding('True', 'LastDrillSucceeded', `${what} passed at ${finishedAt}`);
}

function assessAge(pod: string, members: readonly Instance[], { drillAgeSeconds }: Terms, now: string): Finding[] {
  const last = newest(members.map((each) => each.lastSuccessfulDrill));
  if (!last || drillAgeSeconds === undefined || ageSeconds(last.finishedAt, now) <= drillAgeSeconds) return [];
  const message = `${pod}: the last good drill, ${last.name}, was finished at ${last.finishedAt}`;
  return [finding('False', 'DrillTooOld', `${message}: longer ago than objectives.drillAge allows`)];
}

function ageSeconds(time: string, now: string): number {
  return (Date.parse(now) - Date.parse(time)) / 1000;
}
