// Engines for tests: the real descriptions, and one whose programs are shell scripts.
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Engine, resolveEngine } from '../../src/tools/engine.ts';

/** A program at `path` that runs the lines of sh. */
export async function writeProgram(path: string, script: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** WAL-G's arguments, but the script instead of WAL-G. */
export async function makeScriptedEngine(directory: string, script: string): Promise<Engine> {
  return { ...resolveEngine('wal-g'), binary: await writeProgram(join(directory, 'engine'), script) };
}
