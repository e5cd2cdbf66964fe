// Removes an upload that was cut off, so that its segment can be archived. Room: agent (door).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listWalFile } from '../tools/engine.ts';
import { readBytes } from '../tools/object-bytes.ts';
import { removeObjects } from '../tools/remove-objects.ts';
import type { Loop, Sidecar } from './loop.ts';
import { buildEngineEnv } from './storage.ts';
import { findStuckSegment, isTorn } from './torn-segment.ts';

export const tornLoop: Loop = {
  name: 'torn',
  everyMs: 10_000,
  isWanted: ({ engine }) => !engine.signsUploads,
  tick,
};

const CALL_TIMEOUT_MS = 60_000;

async function tick({ context, state }: Sidecar): Promise<void> {
  const { engine, log, pgdata } = context;
  const { clearance, credentials, observed } = state;
  const segment = observed && findStuckSegment(observed.archiver);
  // Only where this one is the one that writes.
  if (segment === undefined || !clearance || !credentials) return;
  const env = buildEngineEnv(context, clearance.prefix, credentials);
  const place = { engine, env, timeoutMs: CALL_TIMEOUT_MS };
  for (const path of await listWalFile(engine, env, segment)) {
    const raw = await readBytes(place, path);
    // What cannot be read at all is a store in trouble.
    if (!raw.isWhole) return;
    const decoded = await readBytes(place, path, ['--decrypt', '--decompress']);
    const local = await readFile(join(pgdata, 'pg_wal', segment));
    const extension = path.split('.').at(-1) ?? '';
    if (!isTorn({ extension, raw: raw.bytes, decoded: decoded.bytes, isWhole: decoded.isWhole }, local)) continue;
    log.warn({ path, bytes: raw.bytes.length }, 'an upload that was cut off is removed, so that it can be made again');
    await removeObjects({ engine, env, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) }, [path], 1);
  }
}
