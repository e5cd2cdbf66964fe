// A stored WAL segment, as Postgres wrote it. Room: tools.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, engineError } from './engine.ts';
import { run } from './exec.ts';

const FETCH_TIMEOUT_MS = 120_000;

/** @param env with the prefix and the credentials; @throws Error where the segment cannot be had */
export async function readStoredSegment(engine: Engine, env: NodeJS.ProcessEnv, segment: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'walguard-segment-'));
  try {
    const path = join(directory, segment);
    // Concurrency 1: or the engine leaves a process behind that fetches what nobody will ask for.
    const alone = { ...env, WALG_DOWNLOAD_CONCURRENCY: '1' };
    const result = await run(engine.binary, ['wal-fetch', segment, path], { env: alone, timeoutMs: FETCH_TIMEOUT_MS });
    if (result.code !== 0) throw engineError(`wal-fetch ${segment}`, result);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
