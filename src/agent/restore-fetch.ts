// What a restore and a drill have in common: the store as it is now, and a base backup out of it. Room: agent (door).
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import { FINAL } from '../lib/stored-runs.ts';
import { engineError } from '../tools/engine.ts';
import { run } from '../tools/exec.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import type { AgentContext } from './context.ts';
import { fetchInto } from './data-directory.ts';
import { readEnds } from './inventory.ts';

/** With the times at which its windows end. @param env names the prefix too */
export async function readStored(
  { engine }: AgentContext,
  env: NodeJS.ProcessEnv,
  storagePrefix: string,
  signal: AbortSignal,
): Promise<StoreContents> {
  const listed = await readStoreContents(engine, env, undefined, signal);
  return readEnds(engine, env, listed, parseStoragePrefix(storagePrefix).systemIdentifier, FINAL);
}

/** Into the context's data directory. Throws the engine's words, and the signal's reason where that ended it. */
export async function fetchBackup(
  { engine, log, pgdata }: AgentContext,
  env: NodeJS.ProcessEnv,
  name: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  await fetchInto(pgdata, async (directory) => {
    const onStderr = (line: string) => log.info(line);
    const options = { env, timeoutMs, onStderr, ...(signal ? { signal } : {}) };
    const result = await run(engine.binary, engine.backupFetchArgs(directory, name), options);
    signal?.throwIfAborted();
    if (result.code !== 0) throw engineError('backup-fetch', result);
  });
}
