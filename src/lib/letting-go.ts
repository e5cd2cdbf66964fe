// onStorageFull: dropAndRebase. When is WAL let go, because the volume is about to fill up while the store takes nothing?
// Room: lib (pure).
import type { Archiver } from '../api/protected-database.ts';
import type { WalBacklog } from './wal-backlog.ts';

export interface Pressure {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly backlog: WalBacklog;
  /** Absent: pg_wal does not grow. */
  readonly secondsToFull?: number;
  /** What Postgres says; absent while it does not answer, or runs a command that is not ours. */
  readonly archiver?: { readonly lastArchivedTime?: string };
  /** Since when WAL is being let go; absent: it is not. RFC 3339. */
  readonly lettingGoSince?: string;
  /** The sidecar's last look at the store; absent: it has not looked yet. */
  readonly store?: { readonly checkedAt: string; readonly writable: boolean };
}

const GRACE_MS = 300_000;
const SHORT_GRACE_MS = 30_000;
/** At the brink: Postgres ends when it cannot make its next segment. */
const LAST_GRACE_MS = 5000;
const BRINK_SEGMENTS = 3;
/** A push that hangs is given up after a minute, and only then the next one is asked for. */
const URGENT_SECONDS = 180;

/** Less free space than this is too little: a twentieth of the volume, or four segments. */
export function floorBytes({ volumeBytes, segmentBytes }: WalBacklog): number {
  return Math.max(volumeBytes / 20, 4 * segmentBytes);
}

/**
 * | let go now | Postgres answers | segments wait | free space          | stuck for                   | store, asked since | let go |
 * | no         | no               |               |                     |                             |                    | no     |
 * | no         | yes              | no            |                     |                             |                    | no     |
 * | no         | yes              | yes           | floor or more       |                             |                    | no     |
 * | no         | yes              | yes           | less                | less than 5 min             |                    | no     |
 * | no         | yes              | yes           | less                | 5 min                       |                    | yes    |
 * | no         | yes              | yes           | half, or full soon  | less than 30 s              |                    | no     |
 * | no         | yes              | yes           | half, or full soon  | 30 s                        |                    | yes    |
 * | no         | yes              | yes           | for three segments  | less than 5 s               |                    | no     |
 * | no         | yes              | yes           | for three segments  | 5 s                         |                    | yes    |
 * | yes        |                  |               |                     |                             | takes objects      | no     |
 * | yes        |                  |               | twice the floor     |                             | does not, unknown  | no     |
 * | yes        |                  |               | less                |                             | does not, unknown  | yes    |
 *
 * Once there is a gap, WAL after it is worth nothing until there is a base backup: so it goes on until the store is back.
 */
export function mayLetGo(pressure: Pressure): boolean {
  const { backlog, lettingGoSince, store } = pressure;
  const floor = floorBytes(backlog);
  if (lettingGoSince !== undefined) {
    const isStoreBack = store?.writable === true && Date.parse(store.checkedAt) > Date.parse(lettingGoSince);
    return !isStoreBack && backlog.volumeFreeBytes < 2 * floor;
  }
  if (pressure.archiver === undefined || backlog.volumeFreeBytes >= floor) return false;
  return stuckMs(pressure) >= graceMs(pressure, floor);
}

function graceMs(pressure: Pressure, floor: number): number {
  const { volumeFreeBytes, segmentBytes } = pressure.backlog;
  if (volumeFreeBytes < BRINK_SEGMENTS * segmentBytes) return LAST_GRACE_MS;
  return isUrgent(pressure, floor) ? SHORT_GRACE_MS : GRACE_MS;
}

/** Postgres counts what was let go as archived: it is not. Times are RFC 3339. */
export function withoutLetGo(
  archiver: Archiver,
  period?: { readonly since: string; readonly until: string },
): Archiver {
  const archived = Date.parse(archiver.lastArchivedTime ?? '');
  if (!period || archived < Date.parse(period.since) || archived > Date.parse(period.until)) return archiver;
  const { lastArchivedTime: _time, lastArchivedWal: _wal, ...rest } = archiver;
  return rest;
}

function isUrgent({ backlog, secondsToFull }: Pressure, floor: number): boolean {
  return backlog.volumeFreeBytes < floor / 2 || (secondsToFull ?? Number.POSITIVE_INFINITY) < URGENT_SECONDS;
}

/** How long nothing has been archived although something waits. An archive that takes segments, but slower than they come, is
 * stuck for as long as the oldest one waits. */
function stuckMs({ now, backlog, secondsToFull, archiver }: Pressure): number {
  if (!backlog.oldest) return 0;
  const waitingSince = Date.parse(backlog.oldest.since);
  if (secondsToFull !== undefined || archiver?.lastArchivedTime === undefined) return now - waitingSince;
  return now - Math.max(waitingSince, Date.parse(archiver.lastArchivedTime));
}
