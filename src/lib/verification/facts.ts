// What the checks of a verification look at. Room: lib (pure).
import type { Inventory } from '../../api/protected-database.ts';
import type { JudgedBackup } from '../good-backups.ts';
import { decideRetention, type RetentionRules } from '../retention.ts';
import type { StoreContents } from '../store-contents.ts';
import type { Archiving } from '../stored-runs.ts';
import { indexOf, type Line, lineTo } from '../timelines.ts';
import type { Stretch } from '../windows.ts';

/** The primary, as it said itself. Its segments were asked for before the store was listed, its position after that. */
export interface Server extends Archiving {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Name of the segment that it writes. */
  readonly currentSegment: string;
}

export interface Finding {
  /** Stable, for programs. */
  readonly code: string;
  /** What is missing, what that means for a restore, what happens now. */
  readonly message: string;
}

export interface Facts {
  readonly contents: StoreContents;
  readonly server: Server;
  readonly judged: readonly JudgedBackup[];
  readonly stretches: readonly Stretch[];
  readonly inventory: Inventory;
  /** Undefined: nothing is removed. */
  readonly retention: RetentionRules | undefined;
}

/** What the server writes now, and what it came from. */
export function ownLine({ contents, server }: Facts): Line {
  return lineTo(server.timeline, contents);
}

/**
 * The position from which on all WAL should be stored: where the oldest base backup begins of which retention takes nothing that
 * came after it. Permanent ones are kept without the WAL after them. Undefined without any backup.
 */
export function requiredFrom({ contents, retention }: Facts): number | undefined {
  const { backups, segmentBytes, listedAt } = contents;
  const since = Date.parse(decideRetention(contents, retention, listedAt).since ?? '');
  const lasting = backups.filter(({ isPermanent, startedAt }) => !isPermanent && !(Date.parse(startedAt) < since));
  const starts = (lasting.length > 0 ? lasting : backups.slice(-1)).map((each) =>
    indexOf(each.startSegment, segmentBytes),
  );
  return starts.length === 0 ? undefined : Math.min(...starts);
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
