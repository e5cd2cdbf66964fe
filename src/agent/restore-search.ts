// What of a restore's target a listing of the store does not tell: read from the WAL itself. Room: agent (door).
import type { RestoreTarget } from '../api/restore.ts';
import { describeTarget, stopOf } from '../lib/recovery-target.ts';
import { type Known, listToSearch, tellWindows } from '../lib/restore-plan.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import { findLastEnd, holdsMark } from '../lib/wal-transactions.ts';
import { readStoredSegment } from '../tools/stored-segment.ts';
import type { AgentContext } from './context.ts';

/** Of an idle database many segments may hold no transaction; more are not read to find the last one. */
const MAX_WITHOUT = 256;

/** @param signal ends it; its reason is what is thrown */
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
