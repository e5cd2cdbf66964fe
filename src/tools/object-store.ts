// Single objects in the store, by the engine's own storage commands: they exist in both engines. Room: tools.
import type { Engine } from './engine.ts';
import { type RunResult, run } from './exec.ts';

/** Where, and with what: the engine's environment names prefix and credentials. */
export interface Place {
  readonly engine: Engine;
  readonly env: NodeJS.ProcessEnv;
  /** Of one call. */
  readonly timeoutMs: number;
}

/** One try: who asks tries again later. The engines' own retries would hide an outage for minutes. */
const NO_RETRY = { WALG_S3_MAX_RETRIES: '1', WALG_DOWNLOAD_FILE_RETRIES: '1' };

async function call({ engine, env, timeoutMs }: Place, args: readonly string[]): Promise<string> {
  const result = await run(engine.binary, args, { env: { ...env, ...NO_RETRY }, timeoutMs });
  if (result.code === 0) return result.stdout;
  throw new Error(`${args.slice(0, 2).join(' ')}: ${explainStoreError(result)}`);
}

const MAX_WORDS = 300;

/** The store's own code and words where it answered; the engine's errors otherwise. One line, without XML. */
export function explainStoreError({ stderrTail, timedOut }: Pick<RunResult, 'stderrTail' | 'timedOut'>): string {
  const [, code, words] = /<Code>([^<]*)<\/Code>(?:\s*<Message>([^<]*)<\/Message>)?/.exec(stderrTail.join(' ')) ?? [];
  if (code !== undefined) return words === undefined ? code : `${code}: ${words}`;
  const errors = stderrTail
    .filter((line) => /\bERROR\b/.test(line))
    .map((line) => line.replace(/^.*?\bERROR:?\s+/, ''));
  const said = errors.length > 0 ? [...new Set(errors)].join('; ') : (stderrTail.at(-1) ?? 'it said nothing');
  const plain = said.slice(0, MAX_WORDS);
  return timedOut ? `no answer within its deadline: ${plain}` : plain;
}

/** Names of the objects just below a folder; throws where the store cannot be read. */
export async function listFolder(place: Place, folder: string): Promise<string[]> {
  const rows = (await call(place, ['st', 'ls', folder])).trim().split('\n').slice(1);
  // The table's columns differ between the engines; the last one is the name, without blanks where we gave it.
  return rows.map((row) => row.trim().split(/\s+/).at(-1) ?? '');
}

/** As it was written, neither decrypted nor decompressed. */
export function readObject(place: Place, path: string): Promise<string> {
  return call(place, ['st', 'cat', path]);
}

/** Overwrites. In clear, whatever the archive is: nothing secret goes this way. @param file on this machine */
export async function writeObject(place: Place, file: string, path: string): Promise<void> {
  await call(place, ['st', 'put', '--force', '--no-encrypt', '--no-compress', file, path]);
}

/** Writes an object and removes it again; throws where that cannot be done. */
export async function checkWrite(place: Place): Promise<void> {
  await call(place, ['st', 'check', 'write']);
}
