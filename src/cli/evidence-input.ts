// Evidence from files: as they lie in the store, or as `drill report` wrote them. Room: cli (door).
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { SignedEvidence } from '../api/evidence.ts';
import type { SealedRecord } from '../lib/evidence/judged.ts';
import { parseRecord } from '../lib/evidence/parse.ts';
import { type Extract, extractEvidence } from '../lib/evidence/report.ts';
import { formatProblem, InputError, type Problem } from '../manifest/problem.ts';
import { digestRecord, fingerprintOf, parsePublicKey, verifySigned } from '../tools/evidence.ts';

/** A report of years is far below it. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const FILE = /\.(json|jsonl|html)$/i;
/** Of the folder of a database in the store. */
const FOLDER = 'evidence';

export interface EvidenceFile {
  readonly file: string;
  /** Files of one chain have the same one: the directory of single records, a report itself. */
  readonly place: string;
  readonly text: string;
  readonly extract: Extract;
}

export interface EvidenceInput {
  readonly files: readonly EvidenceFile[];
  readonly problems: readonly string[];
}

/** @param paths files, `-`, and directories: their own files, and those of every folder named `evidence` below */
export async function readEvidenceFiles(paths: readonly string[]): Promise<EvidenceInput> {
  const files: EvidenceFile[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const listed = await listFiles(path);
    if ('message' in listed) problems.push(formatProblem(listed));
    else if (listed.length === 0) problems.push(formatProblem(nothingIn(path)));
    else {
      for (const file of listed) {
        const read = await readOne(file);
        if ('message' in read) problems.push(formatProblem(read));
        else files.push(read);
      }
    }
  }
  return { files, problems };
}

async function listFiles(path: string): Promise<readonly string[] | Problem> {
  if (path === '-') return [path];
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    const isWanted = (parent: string) => parent === path || basename(parent) === FOLDER;
    return entries
      .map(({ parentPath, name }) => ({ parentPath, name, file: join(parentPath, name) }))
      .filter(({ parentPath, name }) => FILE.test(name) && isWanted(parentPath))
      .map(({ file }) => file)
      .sort();
  } catch (error) {
    return unreadable(path, error);
  }
}

function nothingIn(file: string): Problem {
  return {
    file,
    message: `there are no .json, .jsonl or .html files in it, nor in a folder named ${FOLDER} below it`,
    remedy: 'Copy the folder of a database from the store: <policy prefix>/<namespace>/<database>/evidence.',
  };
}

async function readOne(file: string): Promise<EvidenceFile | Problem> {
  let bytes: Buffer;
  try {
    if (file !== '-') {
      const { size } = await stat(file);
      if (size > MAX_FILE_BYTES) return tooLarge(file, size);
    }
    bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    return unreadable(file, error);
  }
  if (bytes.length > MAX_FILE_BYTES) return tooLarge(file, bytes.length);
  const text = decode(bytes);
  if (text === undefined) return notEvidence(file, 'it is not UTF-8 text');
  const extract = extractEvidence(text);
  if ('problem' in extract) return notEvidence(file, extract.problem);
  const isSingle = extract.report === undefined && extract.entries.length === 1;
  return { file, place: isSingle ? dirname(file) : file, text, extract };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function tooLarge(file: string, bytes: number): Problem {
  return notEvidence(file, `it has ${bytes} bytes, and evidence is never above ${MAX_FILE_BYTES}`);
}

function notEvidence(file: string, message: string): Problem {
  const remedy = 'Name a file of the evidence folder in the store, or what `drill report -o json` or `-o html` wrote.';
  return { file, message, remedy };
}

function unreadable(file: string, error: unknown): Problem {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return { file, message: 'there is no such file or directory', remedy: 'Correct the path.' };
  return { file, message: `it cannot be read (${message})`, remedy: 'See that it is a file that you may read.' };
}

/** @param trusted fingerprints; none where no key was named */
export function sealRecord(
  signed: SignedEvidence,
  trusted: readonly string[],
): SealedRecord | { readonly problem: string } {
  const parsed = parseRecord(signed.record);
  if ('problem' in parsed) return parsed;
  return { signed, record: parsed.value, sha256: digestRecord(signed.record), ...verifySigned(signed, trusted) };
}

/** Of public keys, PEM. @returns their fingerprints; @throws InputError */
export async function readTrusted(paths: readonly string[]): Promise<string[]> {
  return Promise.all(
    paths.map(async (path) => {
      try {
        return fingerprintOf(parsePublicKey(await readFile(path, 'utf8')));
      } catch (error) {
        throw new InputError(
          `--public-key ${path}: ${(error as Error).message}. Give the entry public.pem of the Secret walguard-evidence, from a copy that was kept elsewhere.`,
        );
      }
    }),
  );
}
