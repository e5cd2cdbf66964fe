// Cleans up the store of one cluster: exactly what retention lets go, in an order that never leaves a backup that is listed and
// cannot be restored. The backup lock is held by the caller, so no base backup runs meanwhile. Room: agent (door).
import type { PruneOutcome } from '../api/reports.ts';
import type { PruneTerms } from '../companion/prune.ts';
import { nextAfter } from '../lib/cron-times.ts';
import { timed } from '../lib/last-due.ts';
import { type PrunePlan, planPrune } from '../lib/prune-plan.ts';
import { previewRetention } from '../lib/retention/preview.ts';
import { listSound } from '../lib/retention/sound.ts';
import { decideRetention, type RetentionDecision } from '../lib/retention.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Engine } from '../tools/engine.ts';
import { listObjects } from '../tools/object-stream.ts';
import { removeObjects } from '../tools/remove-objects.ts';
import { readStoreContents } from '../tools/store-contents.ts';

/** The store of one cluster, and what ends the work in it. */
export interface Shelf {
  readonly engine: Engine;
  readonly log: Logger;
  /** Of the engine: prefix and credentials. */
  readonly env: NodeJS.ProcessEnv;
  /** Of a WAL segment of this cluster. */
  readonly segmentBytes: number;
  readonly signal: AbortSignal;
}

export interface Pruned {
  readonly outcome: PruneOutcome & { readonly ok: true };
  /** What is left. */
  readonly contents: StoreContents;
}

/**
 * @param before what the store holds, listed just now
 * @throws Error where not all could be removed, or something is gone that was to stay
 */
export async function prune(shelf: Shelf, before: StoreContents, terms: PruneTerms): Promise<Pruned> {
  const now = new Date().toISOString();
  const decision = decideRetention(before, terms.rules, now);
  const plan = planPrune(await listObjects(shelf), decision, now);
  const isIdle = [plan.sentinels, plan.folders, plan.wal].every(({ length }) => length === 0);
  if (!isIdle) await remove(shelf, plan, decision);
  const contents = isIdle ? before : await readStoreContents(shelf.engine, shelf.env, shelf.segmentBytes);
  assertKept(before, decision, contents);
  const next = shorten(previewRetention(contents, terms.rules, foreseeNext(terms, now)));
  const { kept, removed } = decision;
  return { outcome: { ok: true, kept: kept.length, removed: removed.length, next }, contents };
}

/** Characters of names that fit into a job's report. Those of deltas may be long: walrus writes all parents into them. */
const MAX_NEXT = 1200;

function shorten(names: readonly string[]): string[] {
  let length = 0;
  return names.filter((name) => {
    length += name.length + 3;
    return length <= MAX_NEXT;
  });
}

async function remove(
  shelf: Shelf,
  { sentinels, folders, wal }: PrunePlan,
  decision: RetentionDecision,
): Promise<void> {
  shelf.log.info({ keeps: decision.kept, backups: decision.removed, folders, walObjects: wal.length }, 'removing');
  try {
    await removeObjects(shelf, sentinels, 1);
    await removeObjects(shelf, folders);
    await removeObjects(shelf, wal);
  } catch (error) {
    if ((shelf.signal.reason as Error | undefined)?.name !== 'TimeoutError') throw error;
    throw new Error('the time of the job was over before all was removed; the next clean-up goes on', { cause: error });
  }
}

/** Whatever was to stay is there, and is whole; or this clean-up says loudly that it is not. */
export function assertKept(before: StoreContents, decision: RetentionDecision, after: StoreContents): void {
  const backups = new Map(after.backups.map((backup) => [backup.name, backup]));
  const segments = new Set(after.segments.map(({ name }) => name));
  const kept = new Set(decision.kept.map(({ name }) => name));
  const removed = new Set(decision.removedSegments);
  const lostBackups = before.backups.filter(
    ({ name, parts, storedBytes }) =>
      kept.has(name) && (backups.get(name)?.parts !== parts || backups.get(name)?.storedBytes !== storedBytes),
  );
  const lostSegments = before.segments.filter(({ name }) => !removed.has(name) && !segments.has(name));
  const left = [...decision.removed].filter((name) => backups.has(name));
  const lost = [...lostBackups, ...lostSegments].map(({ name }) => name);
  if (lost.length > 0) throw new Error(`gone from the store, although retention keeps it: ${quote(lost)}`);
  if (left.length > 0) throw new Error(`still in the store after it was removed: ${quote(left)}`);
}

function quote(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

/** Where its schedule says nothing, a day from now. */
function foreseeNext({ baseBackup }: PruneTerms, now: string) {
  const { schedule, timeZone, deltaSteps } = baseBackup;
  const instant = Date.parse(now);
  const due = timed(schedule, timeZone);
  const at = (due && nextAfter(due, instant)) ?? instant + 86_400_000;
  return { at: new Date(at).toISOString(), deltaSteps };
}

/**
 * After a good base backup. One that fails does not make the backup a bad one.
 * @param made name of that backup
 */
export async function pruneAfterBackup(
  shelf: Shelf,
  contents: StoreContents,
  terms: PruneTerms,
  made: string,
): Promise<{ readonly outcome: PruneOutcome; readonly contents: StoreContents }> {
  try {
    if (!listSound(contents).some(({ name }) => name === made))
      throw new Error(`${made} is not whole in the store; nothing was removed`);
    return await prune(shelf, contents, terms);
  } catch (error) {
    const { message } = error as Error;
    shelf.log.error({ error: message }, 'the clean-up failed; the base backup is good');
    return { outcome: { ok: false, message: message.slice(0, MAX_MESSAGE) }, contents };
  }
}

/** There is more than this in the report. */
const MAX_MESSAGE = 1000;
