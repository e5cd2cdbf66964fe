// When the last transaction of a stored WAL segment ended. Room: tools.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLastTransaction } from '../lib/wal-transactions.ts';
import { type Engine, engineError } from './engine.ts';
import { run } from './exec.ts';

const FETCH_TIMEOUT_MS = 120_000;

/** @returns see findLastTransaction; @throws Error where the segment cannot be had */
export async function readTransactionTime(
  engine: Engine,
  env: NodeJS.ProcessEnv,
  segment: string,
): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'walguard-segment-'));
  try {
    const path = join(directory, segment);
    // Concurrency 1: or the engine leaves a process behind that fetches what nobody will ask for.
    const alone = { ...env, WALG_DOWNLOAD_CONCURRENCY: '1' };
    const result = await run(engine.binary, ['wal-fetch', segment, path], { env: alone, timeoutMs: FETCH_TIMEOUT_MS });
    if (result.code !== 0) throw engineError(`wal-fetch ${segment}`, result);
    return findLastTransaction(await readFile(path));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
