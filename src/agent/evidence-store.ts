// The folder of a database's evidence in the store. In clear, so that it can be checked anywhere without the key of the backups;
// it holds no data but what the checks were answered. Room: agent (door).
import type { EvidenceRecord, SignedEvidence } from '../api/evidence.ts';
import { buildEvidencePrefix } from '../lib/cluster-identity.ts';
import { timeOfEvidence } from '../lib/evidence/id.ts';
import { MAX_RECORD_LENGTH, type Parsed, parseJson, parseRecord, toSigned } from '../lib/evidence/parse.ts';
import { readBytes } from '../tools/object-bytes.ts';
import { listObjects, type ObjectPlace, putObject } from '../tools/object-stream.ts';
import type { AgentContext } from './context.ts';
import { buildEngineEnv, type Credentials } from './storage.ts';

export interface EvidencePlace extends ObjectPlace {
  readonly prefix: string;
}

export interface EvidenceFile {
  /** Without `.json`. */
  readonly name: string;
  readonly bytes: number;
}

const CALL_TIMEOUT_MS = 60_000;
/** What walguard writes fits into it with all escapes; a larger file is somebody else's, and is not read. */
const MAX_FILE_BYTES = 8 * MAX_RECORD_LENGTH;

/** Beside the prefixes of the database's clusters, by the policy's prefix of this agent. */
export function placeEvidence(
  context: AgentContext,
  { namespace, name }: Pick<EvidenceRecord['database'], 'namespace' | 'name'>,
  credentials: Credentials,
  signal: AbortSignal,
): EvidencePlace {
  return openEvidence(context, buildEvidencePrefix(context.policyPrefix, namespace, name), credentials, signal);
}

/** @param prefix of the folder */
export function openEvidence(
  context: AgentContext,
  prefix: string,
  credentials: Credentials,
  signal: AbortSignal,
): EvidencePlace {
  // Without a key the engine encrypts nothing. Where the key is lost, which a drill is there to find out, it would not even start.
  const {
    WALG_LIBSODIUM_KEY_PATH: _path,
    WALG_LIBSODIUM_KEY_TRANSFORM: _transform,
    ...env
  } = buildEngineEnv(context, prefix, credentials);
  return { engine: context.engine, env, signal, prefix };
}

/** Sorted by name. */
export async function listEvidence(place: EvidencePlace): Promise<EvidenceFile[]> {
  const objects = await listObjects(place);
  const files = objects.flatMap(({ path, bytes }) => {
    const name = /^([^/]+)\.json$/.exec(path)?.[1];
    return name === undefined ? [] : [{ name, bytes }];
  });
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The problem is of the file's content; throws where the store cannot give it. */
export async function readEvidence(
  place: EvidencePlace,
  { name, bytes }: EvidenceFile,
): Promise<Parsed<SignedEvidence>> {
  if (bytes > MAX_FILE_BYTES) return { problem: `it has ${bytes} bytes; walguard writes at most ${MAX_FILE_BYTES}` };
  const text = await readText(place, `${name}.json`);
  if (text === undefined) throw new Error(`${place.prefix}/${name}.json was there and is not any more`);
  const parsed = parseJson(text);
  return 'value' in parsed ? toSigned(parsed.value) : { problem: `it is ${parsed.problem}` };
}

/** What was signed, whoever signed it. */
export async function readRecord(place: EvidencePlace, file: EvidenceFile): Promise<Parsed<EvidenceRecord>> {
  const signed = await readEvidence(place, file);
  return 'value' in signed ? parseRecord(signed.value.record) : signed;
}

/** So many that cannot be used are passed over; then the chain begins anew, which its check will show. */
const MAX_LOOKS = 10;

/** The newest that can be used. One that cannot is passed over and told: the check of the chain will show the place. */
export async function findNewestEvidence(
  place: EvidencePlace,
  files: readonly EvidenceFile[],
): Promise<{ readonly signed?: SignedEvidence; readonly doubts: readonly string[] }> {
  const doubts: string[] = [];
  const records = files.filter(({ name }) => timeOfEvidence(name) !== undefined);
  for (const file of records.slice(-MAX_LOOKS).toReversed()) {
    const signed = await readEvidence(place, file);
    if ('value' in signed) return { signed: signed.value, doubts };
    doubts.push(`${file.name}.json, which was before it, cannot be used: ${signed.problem}`);
  }
  return { doubts };
}

/** @returns does it lie there, byte for byte? Throws where nothing lies there: then the store did not take it. */
export async function storeEvidence(place: EvidencePlace, path: string, text: string): Promise<boolean> {
  const signal = AbortSignal.any([place.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  const failure = await putObject({ ...place, signal }, path, toChunks(text)).then(
    () => undefined,
    (error: Error) => error,
  );
  place.signal.throwIfAborted();
  // An answer that got lost says nothing: what lies there does.
  const seen = await readText(place, path).catch((error: Error) => {
    throw failure ?? error;
  });
  if (seen === undefined) throw failure ?? new Error(`the store took ${path} and does not have it`);
  return seen === text;
}

async function* toChunks(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

/** As it lies there; undefined where there is none. Throws where the store cannot tell. */
async function readText(place: EvidencePlace, path: string): Promise<string | undefined> {
  const { bytes, end } = await readBytes({ ...place, timeoutMs: CALL_TIMEOUT_MS }, path);
  if (end === 'whole') return bytes.toString('utf8');
  // The engines have no code of their own for an object that is missing.
  const files = await listEvidence(place);
  if (files.some(({ name }) => `${name}.json` === path)) throw new Error(`${place.prefix}/${path} cannot be read`);
  return undefined;
}
