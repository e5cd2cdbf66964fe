// Looks at what keeps a segment from being archived: removes an upload that was cut off, and tells of anything else.
// Room: agent (door).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listWalFile } from '../tools/engine.ts';
import { readBytes } from '../tools/object-bytes.ts';
import type { Place } from '../tools/object-store.ts';
import { removeObjects } from '../tools/remove-objects.ts';
import type { Loop, Sidecar } from './loop.ts';
import { buildEngineEnv } from './storage.ts';
import {
  explainCopy,
  findStuckSegment,
  isTorn,
  judgeCopy,
  type StoredCopy,
  type StuckSegment,
} from './torn-segment.ts';

export const tornLoop: Loop = {
  name: 'torn',
  everyMs: 10_000,
  isWanted: ({ engine }) => !engine.signsUploads,
  tick,
};

const CALL_TIMEOUT_MS = 60_000;
/** What was told stays so until a person has done something: the same megabytes are not fetched every few seconds. */
const TOLD_MS = 300_000;

async function tick(sidecar: Sidecar): Promise<void> {
  const { state } = sidecar;
  const segment = state.observed && findStuckSegment(state.observed.archiver);
  const before = state.stuck?.segment === segment ? state.stuck : undefined;
  if (before?.message !== undefined && Date.now() - before.at < TOLD_MS) return;
  // What fails in between is no second look.
  let seen: StuckSegment | undefined;
  try {
    seen = segment === undefined ? undefined : await look(sidecar, segment, before);
  } finally {
    state.stuck = seen;
  }
}

async function look(
  { context, state }: Sidecar,
  segment: string,
  before: StuckSegment | undefined,
): Promise<StuckSegment | undefined> {
  const { engine, log, pgdata } = context;
  const { clearance, credentials } = state;
  // Only where this one is the one that writes.
  if (!clearance || !credentials) return undefined;
  const env = buildEngineEnv(context, clearance.prefix, credentials);
  const place = { engine, env, timeoutMs: CALL_TIMEOUT_MS };
  const local = await readFile(join(pgdata, 'pg_wal', segment));
  const broken: StoredCopy[] = [];
  let message: string | undefined;
  for (const listed of await listWalFile(engine, env, segment)) {
    const copy = await readCopy(place, listed);
    const { path } = copy;
    const verdict = judgeCopy(copy, local);
    message ??= explainCopy(segment, path, verdict);
    if (verdict !== 'broken') continue;
    if (
      !isTorn(
        before?.broken.find((each) => each.path === path),
        copy,
      )
    ) {
      broken.push(copy);
      continue;
    }
    log.warn({ path, bytes: copy.listedBytes }, 'an upload that was cut off is removed, so that it can be made again');
    await removeObjects({ engine, env, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) }, [path], 1);
  }
  if (message !== undefined && message !== before?.message) log.error({ segment }, message);
  return { segment, at: Date.now(), broken, ...(message === undefined ? {} : { message }) };
}

async function readCopy(place: Place, { path, bytes }: { path: string; bytes: number }): Promise<StoredCopy> {
  const raw = await readBytes(place, path);
  return { path, listedBytes: bytes, raw, decoded: await readBytes(place, path, ['--decrypt', '--decompress']) };
}
