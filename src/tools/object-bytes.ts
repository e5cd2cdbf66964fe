// An object's bytes, as far as the engine gets with it. Room: tools.
import { once } from 'node:events';
import { killGroup, start } from './exec.ts';
import type { Place } from './object-store.ts';

export interface ObjectBytes {
  readonly bytes: Buffer;
  /** The engine came to the end without an error. */
  readonly isWhole: boolean;
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
    return { bytes: Buffer.concat(chunks), isWhole: code === 0 };
  } finally {
    clearTimeout(timer);
  }
}
