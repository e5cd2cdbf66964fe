// The plan of a restore: what the store lists, and what of the target only the WAL itself tells. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { RestoreTarget } from '../api/restore.ts';
import { describeTarget, stopOf } from '../lib/recovery-target.ts';
import { type Known, tellWindows } from '../lib/restore-base.ts';
import { planRestore, type RestorePlan } from '../lib/restore-plan.ts';
import { listToSearch, mayBeFilled } from '../lib/restore-wal.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import { findLastEnd, holdsMark } from '../lib/wal-transactions.ts';
import { readStoredSegment } from '../tools/stored-segment.ts';
import type { AgentContext } from './context.ts';
import { readStored } from './restore-fetch.ts';

/** An engine uploads several segments at a time, and the last but one may come after the last. */
const SECOND_LOOK_MS = 20_000;

/** @throws Error where the target cannot be reached; @param signal ends it; its reason is what is thrown */
export async function planFrom(
  context: AgentContext,
  env: NodeJS.ProcessEnv,
  storagePrefix: string,
  target: RestoreTarget,
  signal: AbortSignal = new AbortController().signal,
): Promise<RestorePlan> {
  const contents = await readStored(context, env, storagePrefix, signal);
  try {
    return await planOnce(context, env, contents, target, signal);
  } catch (error) {
    if (!mayBeFilled(contents)) throw error;
    context.log.info({ error: (error as Error).message }, 'what is missing may be on its way; looking once more');
    await sleep(Number(context.env.WALGUARD_SECOND_LOOK_MS ?? SECOND_LOOK_MS), undefined, { signal });
    return planOnce(context, env, await readStored(context, env, storagePrefix, signal), target, signal);
  }
}

async function planOnce(
  context: AgentContext,
  env: NodeJS.ProcessEnv,
  contents: StoreContents,
  target: RestoreTarget,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const known = await searchWal(context, env, contents, target, signal);
  return planRestore(contents, target, known);
}

/** Of an idle database many segments may hold no transaction; more are not read to find the last one. */
const MAX_WITHOUT = 256;

export async function searchWal(
  context: AgentContext,
  env: NodeJS.ProcessEnv,
  contents: StoreContents,
  wanted: RestoreTarget,
  signal: AbortSignal,
): Promise<Known> {
  const stop = stopOf(wanted);
  const names = listToSearch(contents, wanted);
  const read = (name: string) => {
    signal.throwIfAborted();
    return readStoredSegment(context.engine, env, name);
  };
  if ('time' in stop)
    // A segment that is torn may be one that is not needed.
    return findEnd(names, read).catch((error: Error) => {
      signal.throwIfAborted();
      context.log.warn({ error: error.message }, 'the newest WAL could not be read');
      return {};
    });
  if (!('xid' in stop || 'name' in stop) || wanted.backup !== undefined) return {};
  context.log.info({ segments: names.length, ...stop }, 'looking for it in the archived WAL, the newest first');
  for (const name of names) if (holdsMark(await read(name), stop)) return { markedIn: name };
  throw new Error(
    `${describeTarget(wanted)} is not in any of the ${names.length} archived WAL segments that can be restored. ${tellWindows(contents)}. If you know a base backup from before it, name that too`,
  );
}

async function findEnd(names: readonly string[], read: (name: string) => Promise<Uint8Array>): Promise<Known> {
  for (const name of names.slice(0, MAX_WITHOUT)) {
    const lastEnd = findLastEnd(await read(name));
    if (lastEnd !== undefined) return { lastEnd };
  }
  return names.length > MAX_WITHOUT || names.length === 0 ? {} : { lastEnd: 0n };
}
