// Cleans up the store of one cluster: exactly what retention lets go, in an order that never leaves a backup that is listed and
// cannot be restored. The backup lock is held by the caller, so no base backup runs meanwhile. Room: agent (door).
import type { PruneOutcome } from '../api/reports.ts';
import type { PruneTerms } from '../companion/prune.ts';
import { nextAfter } from '../lib/cron-times.ts';
import { timed } from '../lib/last-due.ts';
import { findDoubt } from '../lib/prune-doubt.ts';
import { type PrunePlan, planPrune } from '../lib/prune-plan.ts';
import { previewRetention } from '../lib/retention/preview.ts';
import { listSound } from '../lib/retention/sound.ts';
import { carryOut, decideRetention, type RetentionDecision } from '../lib/retention.ts';
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
  /** Not ok where not all could be removed, or something is gone that was to stay. */
  readonly outcome: PruneOutcome;
  /** What is left. */
  readonly contents: StoreContents;
}

/**
 * @param before what the store holds, listed just now
 * @param timeline that the server writes
 * @throws Error where nothing was removed
 */
export async function prune(shelf: Shelf, before: StoreContents, terms: PruneTerms, timeline: number): Promise<Pruned> {
  const now = new Date().toISOString();
  assertNoDoubt(before, timeline, now);
  const decision = decideRetention(before, terms.rules, now);
  const plan = planPrune(await listObjects(shelf), decision, now);
  const isIdle = [plan.sentinels, plan.folders, plan.wal].every(({ length }) => length === 0);
  let contents: StoreContents | undefined;
  try {
    if (!isIdle) await remove(shelf, plan, decision);
    contents = isIdle ? before : await readStoreContents(shelf.engine, shelf.env, shelf.segmentBytes);
    assertKept(before, decision, contents);
  } catch (error) {
    contents ??= await lookAgain(shelf, carryOut(before, decision));
    return { outcome: failure(shelf, error as Error), contents };
  }
  const next = shorten(previewRetention(contents, terms.rules, foreseeNext(terms, now)));
  const { kept, removed } = decision;
  return { outcome: { ok: true, kept: kept.length, removed: removed.length, next }, contents };
}

/** @throws Error where nothing may be removed; see findDoubt */
export function assertNoDoubt(contents: StoreContents, timeline: number, now: string): void {
  const doubt = findDoubt(contents, timeline, now);
  if (doubt !== undefined) throw new Error(`nothing was removed: ${doubt}`);
}

function failure({ log }: Shelf, { message }: Error): PruneOutcome {
  log.error({ error: message }, 'the clean-up failed');
  return { ok: false, message: message.slice(0, MAX_MESSAGE) };
}

/** What a job whose time is over has left to look, in milliseconds. */
const LAST_LOOK_MS = 8000;

/** @param least what is left for sure: no moment is promised that may be gone. It stands where the store does not answer either */
function lookAgain({ engine, env, segmentBytes, signal }: Shelf, least: StoreContents): Promise<StoreContents> {
  const end = signal.aborted ? AbortSignal.timeout(LAST_LOOK_MS) : signal;
  return readStoreContents(engine, env, segmentBytes, end).catch(() => least);
}

/** There is more than this in the report. */
const MAX_MESSAGE = 1000;

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
): Promise<Pruned> {
  try {
    const backup = listSound(contents).find(({ name }) => name === made);
    if (!backup) throw new Error(`${made} is not whole in the store; nothing was removed`);
    return await prune(shelf, contents, terms, backup.timeline);
  } catch (error) {
    return { outcome: failure(shelf, error as Error), contents };
  }
}
