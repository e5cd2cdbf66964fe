// pg_wal as files: what waits to be archived, and the volume that really holds it. Room: tools.
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { WalBacklog } from '../lib/wal-backlog.ts';

const SEGMENT = /^[0-9A-F]{24}$/;
const USUAL_SEGMENT_BYTES = 16 * 1024 * 1024;

/** pg_wal may be a link to another volume. Undefined where there is no pg_wal to be seen. */
export async function readWalBacklog(pgdata: string): Promise<WalBacklog | undefined> {
  const directory = join(pgdata, 'pg_wal');
  const names = await listNames(directory);
  if (!names) return undefined;
  const ready = await listReady(pgdata);
  const volume = await statfs(directory);
  const segments = names.filter((name) => SEGMENT.test(name));
  const segmentBytes = await measureFirst(directory, segments);
  const oldest = await findOldest(pgdata, ready);
  return {
    waiting: ready.length,
    ...(oldest ? { oldest } : {}),
    segmentBytes,
    walBytes: segments.length * segmentBytes,
    volumeBytes: volume.blocks * volume.bsize,
    volumeFreeBytes: volume.bavail * volume.bsize,
  };
}

/** Names of the files that wait to be archived, in the order in which Postgres has them archived. */
export async function listReady(pgdata: string): Promise<string[]> {
  const names = (await listNames(join(pgdata, 'pg_wal', 'archive_status'))) ?? [];
  return names
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -'.ready'.length))
    .sort((a, b) => Number(isHistory(b)) - Number(isHistory(a)) || (a < b ? -1 : 1));
}

function isHistory(name: string): boolean {
  return name.endsWith('.history');
}

async function findOldest(pgdata: string, ready: readonly string[]): Promise<WalBacklog['oldest']> {
  for (const name of ready) {
    // One that was archived a moment ago is gone by now.
    const found = await stat(join(pgdata, 'pg_wal', 'archive_status', `${name}.ready`)).catch(() => undefined);
    if (found) return { name, since: found.mtime.toISOString() };
  }
  return undefined;
}

/** All segments of a cluster have one size; of the first that is still there. */
async function measureFirst(directory: string, segments: readonly string[]): Promise<number> {
  for (const name of segments) {
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found) return found.size;
  }
  return USUAL_SEGMENT_BYTES;
}

async function listNames(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
