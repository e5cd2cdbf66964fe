// An object's bytes, as far as the engine gets with it. Room: tools.
import { once } from 'node:events';
import { killGroup, start } from './exec.ts';
import type { Place } from './object-store.ts';

export interface ObjectBytes {
  readonly bytes: Buffer;
  /** whole: to the end, without an error. failed: the engine gave up by itself. killed: by its deadline, or from outside. */
  readonly end: 'whole' | 'failed' | 'killed';
}

/** @param flags `--decrypt` and `--decompress` for what is in it, none for it as it is stored */
export async function readBytes(
  { engine, env, timeoutMs }: Place,
  path: string,
  flags: readonly string[] = [],
): Promise<ObjectBytes> {
  const child = start(engine.binary, ['st', 'cat', path, ...flags], env);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.resume();
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), timeoutMs);
  try {
    const [code] = await once(child, 'close');
    return { bytes: Buffer.concat(chunks), end: toEnd(code) };
  } finally {
    clearTimeout(timer);
  }
}

/** Node gives no code for one that a signal ended; a shell between gives 128 and the signal. */
function toEnd(code: number | null): ObjectBytes['end'] {
  if (code === 0) return 'whole';
  return code === null || code > 128 ? 'killed' : 'failed';
}
