// Reads what -f names: files, directories and standard input, as text. Room: manifest.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Problem } from './problem.ts';

export interface Source {
  /** As the user would find it again; `-` for standard input. */
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

const MANIFEST = /\.(ya?ml|json)$/i;

export async function readSources(paths: readonly string[], recursive: boolean): Promise<Sources> {
  const sources: Source[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const result = await listFiles(path, recursive);
    if (!Array.isArray(result)) problems.push(result as Problem);
    else {
      for (const file of result) {
        const source = await readSource(file);
        if ('text' in source) sources.push(source);
        else problems.push(source);
      }
    }
  }
  return { sources, problems };
}

async function listFiles(path: string, recursive: boolean): Promise<readonly string[] | Problem> {
  if (path === '-') return [path];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { withFileTypes: true, recursive });
    const files = entries.filter((entry) => !entry.isDirectory() && MANIFEST.test(entry.name));
    return files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  } catch (error) {
    return unreadable(path, error);
  }
}

async function readSource(file: string): Promise<Source | Problem> {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
    // Fatal: a byte that is replaced by a question mark would be lost when the text is written again.
    return { file, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    return unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): Problem {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return { file, message: 'there is no such file or directory', remedy: 'Correct the path.' };
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return { file, message: 'this is not UTF-8 text', remedy: 'Save it as UTF-8.' };
  return { file, message: `it cannot be read (${message})`, remedy: 'See that it is a file that you may read.' };
}
