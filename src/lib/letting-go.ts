// onStorageFull: dropAndRebase. When is WAL let go, because the volume is about to fill up while the store takes nothing?
// Room: lib (pure).
import type { Archiver } from '../api/protected-database.ts';
import type { WalBacklog, WalView } from './wal-backlog.ts';

export interface Pressure extends Pick<WalView, 'backlog' | 'secondsToFull'> {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Absent while Postgres does not answer, does not archive, or runs a command that is not ours. */
  readonly archiving?: {
    /** Since when this sidecar has seen it so, in milliseconds since 1970. */
    readonly since: number;
    readonly lastArchivedTime?: string;
    readonly lastFailedTime?: string;
  };
  /** Since when WAL is being let go; absent: it is not. RFC 3339. */
  readonly lettingGoSince?: string;
  /** The sidecar's last look at the store; absent: it has not looked yet. */
  readonly store?: { readonly checkedAt: string; readonly writable: boolean };
}

const GRACE_MS = 300_000;
const SOON = { seconds: 180, graceMs: 30_000 };
/** Postgres ends when it cannot make its next segment. */
const BRINK = { seconds: 60, segments: 3, graceMs: 5000 };

/** In segments. A part of a big volume is room for hours, which an outage must be given. */
const FLOOR = { least: 4, most: 64 };

/** Less free space than this is little: a twentieth of the volume, but not less than 4 segments and not more than 64. */
export function floorBytes({ volumeBytes, segmentBytes }: WalBacklog): number {
  return Math.max(FLOOR.least * segmentBytes, Math.min(volumeBytes / 20, FLOOR.most * segmentBytes));
}

/** @param times so much of either: 2 is where it ends, so that it does not begin and end in turns */
export function isTight({ backlog, secondsToFull }: Pick<Pressure, 'backlog' | 'secondsToFull'>, times = 1): boolean {
  return backlog.volumeFreeBytes < times * floorBytes(backlog) || isFullWithin(secondsToFull, times * SOON.seconds);
}

/**
 * It begins only where the archive has been tried in vain: see vainMs. The store says otherwise where it took an object since.
 *
 * | let go now | room                                     | store, asked since | in vain for  | let go |
 * | no         | the floor or more, for 3 min or more     |                    |              | no     |
 * | no         | below the floor                          | takes objects      |              | no     |
 * | no         | below the floor                          | does not, unknown  | < 5 min      | no     |
 * | no         | below the floor                          | does not, unknown  | 5 min        | yes    |
 * | no         | full within 3 min                        | takes objects      |              | no     |
 * | no         | full within 3 min                        | does not, unknown  | < 30 s       | no     |
 * | no         | full within 3 min                        | does not, unknown  | 30 s         | yes    |
 * | no         | below 3 segments, or full within 1 min   |                    | < 5 s        | no     |
 * | no         | below 3 segments, or full within 1 min   |                    | 5 s          | yes    |
 * | yes        |                                          | takes objects      |              | no     |
 * | yes        | twice the floor, and for 6 min           | does not, unknown  |              | no     |
 * | yes        | less                                     | does not, unknown  |              | yes    |
 *
 * Once there is a gap, WAL after it is worth nothing until there is a base backup: so it goes on until the store is back.
 */
export function mayLetGo(pressure: Pressure): boolean {
  const { lettingGoSince, store } = pressure;
  if (lettingGoSince !== undefined) return !hasTaken(store, Date.parse(lettingGoSince)) && isTight(pressure, 2);
  const since = stuckSince(pressure);
  if (since === undefined) return false;
  const vain = vainMs(pressure, since);
  if (isAtBrink(pressure)) return vain >= BRINK.graceMs;
  if (!isTight(pressure) || hasTaken(store, since)) return false;
  return vain >= (isFullWithin(pressure.secondsToFull, SOON.seconds) ? SOON.graceMs : GRACE_MS);
}

/**
 * Since when something waits, nothing was archived, and Postgres was there to try; undefined: that is not so now. An archive that
 * takes segments, but slower than they come, is stuck for as long as the oldest one waits.
 */
function stuckSince(pressure: Pressure): number | undefined {
  const { backlog, archiving } = pressure;
  if (!archiving || !backlog.oldest) return undefined;
  const began = Math.max(archiving.since, Date.parse(backlog.oldest.since));
  return isTooSlow(pressure) ? began : Math.max(began, Date.parse(archiving.lastArchivedTime ?? '') || 0);
}

/**
 * How long the archive has been tried in vain: up to the last try that ended, because after three failures Postgres rests for up
 * to a minute, and what is better by then shows at its next try only. Up to now, where the store itself says that it takes nothing.
 *
 * | store, asked since | last try that ended                  | in vain until |
 * | takes nothing      |                                      | now           |
 * | anything else      | failed                               | that          |
 * | anything else      | archived, but slower than they come  | that          |
 * | anything else      | none since                           | not at all    |
 */
function vainMs(pressure: Pressure, since: number): number {
  const { now, store, archiving } = pressure;
  if (store?.writable === false && Date.parse(store.checkedAt) > since) return now - since;
  const tries = [archiving?.lastFailedTime, isTooSlow(pressure) ? archiving?.lastArchivedTime : undefined];
  return Math.max(...tries.map((time) => Date.parse(time ?? '') || 0)) - since;
}

/** Segments wait all along, and more and more of them: see estimateSecondsToFull. */
function isTooSlow({ secondsToFull }: Pressure): boolean {
  return secondsToFull !== undefined;
}

function isAtBrink({ backlog: { volumeFreeBytes, segmentBytes }, secondsToFull }: Pressure): boolean {
  return volumeFreeBytes < BRINK.segments * segmentBytes || isFullWithin(secondsToFull, BRINK.seconds);
}

function isFullWithin(secondsToFull: number | undefined, seconds: number): boolean {
  return secondsToFull !== undefined && secondsToFull < seconds;
}

function hasTaken(store: Pressure['store'], since: number): boolean {
  return store?.writable === true && Date.parse(store.checkedAt) > since;
}

/** When Postgres was first and last seen to archive, in milliseconds since 1970. */
export interface Archiving {
  readonly since: number;
  readonly seenAt: number;
}

/** A Postgres that is busy does not answer each time; one that was away for longer had nothing archived meanwhile. */
const UNSEEN_MS = 15_000;

/**
 * | seen before       | seen now | archiving since |
 * | no, or long ago   | yes      | now             |
 * | lately            | yes      | then            |
 * | lately            | no       | then            |
 * | no, or long ago   | no       | it is not       |
 */
export function watchArchiving(before: Archiving | undefined, isSeen: boolean, now: number): Archiving | undefined {
  const known = before && now - before.seenAt <= UNSEEN_MS ? before : undefined;
  return isSeen ? { since: known?.since ?? now, seenAt: now } : known;
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
