// Records with what was found out about them, sorted into chains. Room: lib (pure).
import type { EvidenceRecord, SignedEvidence } from '../../api/evidence.ts';
import { type ChainLink, type Joint, judgeChain, type Seal } from './chain.ts';

/** One that could be read, with what node:crypto says of it. */
export interface SealedRecord {
  readonly signed: SignedEvidence;
  readonly record: EvidenceRecord;
  /** SHA-256 of the record's text, in hexadecimal. */
  readonly sha256: string;
  readonly seal: Seal;
  /** SHA-256 of the SPKI of the key that it names, in hexadecimal; absent where it names none that can be read. */
  readonly fingerprint?: string;
}

export interface JudgedRecord extends SealedRecord {
  readonly joint: Joint;
}

/** The records of one database of one place, oldest first; never empty. */
export interface Chain {
  readonly namespace: string;
  readonly database: string;
  readonly records: readonly JudgedRecord[];
  /** Of all keys that signed, in the order of their first record. */
  readonly fingerprints: readonly string[];
}

/** By namespace and name of the database; a record that is there twice counts once. */
export function judgeRecords(sealed: readonly SealedRecord[]): Chain[] {
  const unique = [...new Map(sealed.map((each) => [each.signed.record, each])).values()];
  const groups = Map.groupBy(unique, ({ record: { database } }) => `${database.namespace}/${database.name}`);
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => toChain(group));
}

function toChain(group: readonly SealedRecord[]): Chain {
  const sorted = group.toSorted((a, b) => (a.record.id < b.record.id ? -1 : a.record.id > b.record.id ? 1 : 0));
  const joints = judgeChain(sorted.map(toLink));
  const records = sorted.map((each, index): JudgedRecord => ({ ...each, joint: joints[index] as Joint }));
  const { namespace = '', name = '' } = sorted[0]?.record.database ?? {};
  return { namespace, database: name, records, fingerprints: listFingerprints(sorted) };
}

function toLink({ record: { id, previous }, sha256, seal }: SealedRecord): ChainLink {
  return { id, sha256, previous, seal };
}

function listFingerprints(records: readonly SealedRecord[]): string[] {
  const keys = records.flatMap(({ fingerprint, seal }) =>
    fingerprint !== undefined && seal === 'good' ? [fingerprint] : [],
  );
  return [...new Set(keys)];
}

/**
 * What is wrong with signatures and chain, in words, oldest first; none where nothing is.
 *
 * @param isAnchored keys to trust were named: then a change from one of them to another is no flaw
 */
export function listFlaws({ records, fingerprints }: Chain, isAnchored: boolean): string[] {
  const flaws = records.flatMap(({ record, seal, joint }) => [
    ...(seal === 'good' ? [] : [`${record.id}: ${SEAL_WORDS[seal]}`]),
    ...(joint.isWhole ? [] : [`${record.id}: ${joint.says}`]),
  ]);
  if (isAnchored || fingerprints.length < 2) return flaws;
  return [...flaws, `signed by ${fingerprints.length} keys, none of which was named as one to trust`];
}

export const SEAL_WORDS: Readonly<Record<Seal, string>> = {
  good: 'the signature is valid',
  altered: 'the signature does not fit: the record was altered after it was signed, or signature or key were',
  'another-key': 'it is signed by a key that is none of those trusted',
  none: 'it is not signed: whoever can write to the store can have written it',
};
