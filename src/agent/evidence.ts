// Writes evidence: named, chained to the record before it, signed, stored once and read back. Room: agent (door).
import type { EvidenceRecord } from '../api/evidence.ts';
import { EVIDENCE_KEY_DIR } from '../api/names.ts';
import { capEvidence } from '../lib/evidence/cap.ts';
import { nameEvidence } from '../lib/evidence/id.ts';
import { MAX_RECORD_LENGTH, parseRecord } from '../lib/evidence/parse.ts';
import { toStableJson } from '../lib/json.ts';
import { digestRecord, fingerprintOf, readEvidenceKey, signRecord } from '../tools/evidence.ts';
import type { AgentContext } from './context.ts';
import { findNewestEvidence, listEvidence, placeEvidence, storeEvidence } from './evidence-store.ts';
import { type Credentials, requireCredentials } from './storage.ts';

/** All but what follows from the place where it is written. */
export type EvidenceDraft = Omit<EvidenceRecord, 'id' | 'previous'>;

export type EvidenceWritten =
  | {
      readonly ok: true;
      readonly id: string;
      /** Of the record's text: what the next one will name. */
      readonly sha256: string;
      /** URL of the file. */
      readonly path: string;
      /** SHA-256 of the SPKI; absent where it is not signed. */
      readonly fingerprint?: string;
      /** In words, what is not as it should be: not signed, or a record before it that cannot be read. */
      readonly doubts: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

export interface EvidenceOptions {
  readonly signal: AbortSignal;
  /** Those of this job's volume if not given. */
  readonly credentials?: Credentials;
  readonly keyDirectory?: string;
  /** Unix milliseconds. */
  readonly now?: number;
}

/** Somebody else may take a name first, or leave half a file under it. */
const TRIES = 3;

/**
 * Beside the prefixes of the database's clusters, by the policy's prefix of this job. Never throws: what became of a drill does not
 * depend on it, so the caller decides. What went wrong is logged here too.
 */
export async function writeEvidence(
  context: AgentContext,
  draft: EvidenceDraft,
  options: EvidenceOptions,
): Promise<EvidenceWritten> {
  const { log } = context;
  try {
    const written = await write(context, draft, options);
    if (written.doubts.length > 0) log.warn({ doubts: written.doubts }, 'evidence was written, with doubts');
    return written;
  } catch (error) {
    const message = `the evidence was not written: ${(error as Error).message}`;
    log.error({ error: message }, 'no evidence');
    return { ok: false, message };
  }
}

async function write(context: AgentContext, draft: EvidenceDraft, options: EvidenceOptions) {
  const { signal, keyDirectory = EVIDENCE_KEY_DIR } = options;
  const credentials = options.credentials ?? (await requireCredentials());
  const place = placeEvidence(context, draft.database, credentials, signal);
  const { key, doubts } = await readKey(keyDirectory);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const files = await listEvidence(place);
    const before = await findNewestEvidence(place, files);
    const taken = files.map(({ name }) => name);
    const id = nameEvidence(options.now ?? Date.now(), draft.database.instance, draft.name, taken);
    const previous = before.signed === undefined ? {} : { previous: digestRecord(before.signed.record) };
    const record = toText({ ...draft, id, ...previous });
    const file = `${toStableJson(signRecord(record, key))}\n`;
    if (await storeEvidence(place, `${id}.json`, file)) {
      const signer = key === undefined ? {} : { fingerprint: fingerprintOf(key) };
      const path = `${place.prefix}/${id}.json`;
      return {
        ok: true,
        id,
        sha256: digestRecord(record),
        path,
        ...signer,
        doubts: [...doubts, ...before.doubts],
      } as const;
    }
  }
  throw new Error(
    `${TRIES} names in ${place.prefix} were taken by something else, or what was written came back changed`,
  );
}

/** A key that is none must not cost the record; that it is not signed is seen by everybody who checks it. */
async function readKey(directory: string) {
  try {
    const key = await readEvidenceKey(directory);
    return { key, doubts: key ? [] : [`it is not signed: there is no key in ${directory}`] };
  } catch (error) {
    return { key: undefined, doubts: [`it is not signed: ${(error as Error).message}`] };
  }
}

/** One that nobody could read would be no proof: better told now than found by an auditor. */
function toText(record: EvidenceRecord): string {
  const text = toStableJson(capEvidence(record, MAX_RECORD_LENGTH / 2));
  if (text.length > MAX_RECORD_LENGTH)
    throw new Error(
      `the record has ${text.length} characters, where ${MAX_RECORD_LENGTH} are the most; run fewer checks`,
    );
  const parsed = parseRecord(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return text;
}
