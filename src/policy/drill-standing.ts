// Is the last good drill of a database too old to change it? By what its ProtectedDatabase says. Room: policy (pure).
import type { ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { findOldestDrillSeconds } from './drill-age.ts';
import type { Settings } from './settings.ts';

/** What admission knows of the drills of one database. */
export type DrillStanding = Pick<ProtectedDatabaseStatus, 'policy' | 'drillsSince' | 'lastSuccessfulDrill'>;

export interface StaleDrill {
  /** Since the last good drill, or since drills are asked for. */
  readonly ageSeconds: number;
  readonly hasBeenGood: boolean;
  readonly allowedSeconds: number;
}

/**
 * Undefined where it is young enough, and where that is not known: then nothing may follow from it.
 *
 * | known of it, under this very policy | objectives.drillAge | the later of the last good drill and drillsSince | stale |
 * | no                                  |                     |                                                  | no    |
 * | yes                                 | none                |                                                  | no    |
 * | yes                                 | some                | within it, and the time that a drill may take    | no    |
 * | yes                                 | some                | longer ago                                       | yes   |
 *
 * So a database is never stale before the first drill of its policy was due.
 * @param now RFC 3339
 */
export function findStaleDrill(
  settings: Settings,
  known: DrillStanding | undefined,
  now: string,
): StaleDrill | undefined {
  const { drillsSince, lastSuccessfulDrill, policy } = known ?? {};
  const oldest = findOldestDrillSeconds(settings);
  const allowedSeconds = settings.objectives?.drillAgeSeconds;
  if (oldest === undefined || allowedSeconds === undefined || !drillsSince || policy !== settings.policy)
    return undefined;
  const since = Math.max(Date.parse(drillsSince), Date.parse(lastSuccessfulDrill ?? drillsSince));
  const ageSeconds = (Date.parse(now) - since) / 1000;
  if (!(ageSeconds > oldest)) return undefined;
  return { ageSeconds, hasBeenGood: lastSuccessfulDrill !== undefined, allowedSeconds };
}
