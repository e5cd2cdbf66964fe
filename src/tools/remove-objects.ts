// Takes objects out of the store, by the engine's own command. Room: tools.
import { engineError } from './engine.ts';
import { run } from './exec.ts';
import type { ObjectPlace } from './object-stream.ts';

const REMOVE_TIMEOUT_MS = 120_000;

/** Engine processes at a time: each waits for the store most of its life. */
const CONCURRENCY = 8;

/**
 * Of objects the whole path, of a folder with a slash at its end. walrus takes it for a prefix, so it must be the prefix of
 * nothing that is to stay. What is gone already is no failure; what is not removed when the signal comes stays.
 *
 * @throws Error where one could not be removed; those before it, and some after it, are gone then
 */
export async function removeObjects(
  place: ObjectPlace,
  paths: readonly string[],
  concurrency = CONCURRENCY,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([place.signal, failed.signal]);
  const waiting = paths.values();
  const work = async () => {
    for (const path of waiting) await removeOne({ ...place, signal }, path);
  };
  const stopOthers = (error: unknown) => {
    failed.abort(error);
    throw error;
  };
  // Nothing goes on behind the back of who is told of the failure.
  await Promise.allSettled(Array.from({ length: concurrency }, () => work().catch(stopOthers)));
  signal.throwIfAborted();
}

async function removeOne({ engine, env, signal }: ObjectPlace, path: string): Promise<void> {
  signal.throwIfAborted();
  const result = await run(engine.binary, ['st', 'rm', path], { env, timeoutMs: REMOVE_TIMEOUT_MS, signal });
  signal.throwIfAborted();
  if (result.code !== 0 && !isGone(result.stderrTail)) throw engineError(`st rm ${path}`, result);
}

/** Both engines say so of what is not there: a segment that is not compressed is a prefix of its labels, for one. */
function isGone(stderr: readonly string[]): boolean {
  return stderr.some((line) => /object or folder .* does not exist/.test(line));
}
