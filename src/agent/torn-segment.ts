// A segment that cannot be archived because something lies in the store under its name. What that is: an upload that was cut
// off, which the store kept and which may be removed, or another history, which is never touched. No I/O. Room: agent (door).
import type { Archiver } from '../api/protected-database.ts';
import { isFailing } from '../health/assess-archiving.ts';
import type { ObjectBytes } from '../tools/object-bytes.ts';

/** One look at an object in the store. */
export interface StoredCopy {
  readonly path: string;
  /** By the store's listing. */
  readonly listedBytes: number;
  /** As it is stored. */
  readonly raw: ObjectBytes;
  /** As far as the engine can decrypt and decompress it. */
  readonly decoded: ObjectBytes;
}

/** What the last look at all objects of its name saw. */
export interface StuckSegment {
  readonly segment: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** They look like uploads that were cut off. */
  readonly broken: readonly StoredCopy[];
  /** For a person. */
  readonly message?: string;
}

/** The segment that Postgres fails to archive now. */
export function findStuckSegment(archiver: Archiver): string | undefined {
  const name = archiver.lastFailedWal;
  return isFailing(archiver) && name !== undefined && /^[0-9A-F]{24}$/.test(name) ? name : undefined;
}

/** broken: it looks like an upload that was cut off. One look is not enough: see isTorn. */
export type CopyVerdict = 'unknown' | 'same' | 'other' | 'unreadable' | 'broken';

/**
 * | read raw to its end, as long as listed | the engine decodes it | what it decodes               | verdict    |
 * | no                                     |                       |                               | unknown    |
 * | yes                                    | and is killed         |                               | unknown    |
 * | yes                                    | to its end            | the local file                | same       |
 * | yes                                    | to its end            | anything else                 | other      |
 * | yes                                    | until an error        | not the local one's beginning | other      |
 * | yes                                    | until an error        | all of the local file         | unreadable |
 * | yes                                    | until an error        | nothing, of an object that is not empty | unreadable |
 * | yes                                    | until an error        | the beginning; nothing, of an empty object | broken |
 *
 * A wrong key decodes nothing, and so does an upload that broke off in its first block: nobody can tell them apart.
 */
export function judgeCopy({ listedBytes, raw, decoded }: StoredCopy, local: Uint8Array): CopyVerdict {
  if (raw.end !== 'whole' || raw.bytes.length !== listedBytes || decoded.end === 'killed') return 'unknown';
  const { bytes } = decoded;
  if (bytes.length > local.length || !startsWith(local, bytes)) return 'other';
  const isAll = bytes.length === local.length;
  if (decoded.end === 'whole') return isAll ? 'same' : 'other';
  return isAll || (bytes.length === 0 && listedBytes > 0) ? 'unreadable' : 'broken';
}

/**
 * May a broken one be removed? Only if the look before saw just the same, and decoding ended at the same byte: what the network
 * cuts off ends anywhere. `st rm` takes the beginning of a name for all that begin so: not without an ending of its own.
 */
export function isTorn(before: StoredCopy | undefined, copy: StoredCopy): boolean {
  return (
    before?.path === copy.path &&
    /\.[0-9a-z]+$/.test(copy.path) &&
    before.raw.bytes.equals(copy.raw.bytes) &&
    before.decoded.bytes.equals(copy.decoded.bytes)
  );
}

/** For a person; undefined where archiving goes on by itself, or nothing is known yet. */
export function explainCopy(segment: string, path: string, verdict: CopyVerdict): string | undefined {
  if (verdict === 'other') {
    return `${segment} cannot be archived: another history is stored under its name (${path}), and is never overwritten or removed. Another server archived there, or this one's data were put back to an earlier state. Give this database a policy with another prefix, or move that object away if its history is not needed; then take a base backup`;
  }
  if (verdict === 'unreadable') {
    return `${segment} cannot be archived: what is stored under its name (${path}) cannot be decrypted or decompressed, and is left alone. Put back the key that it was written with, or move that object away if it is only an upload that broke off`;
  }
  return undefined;
}

function startsWith(whole: Uint8Array, beginning: Uint8Array): boolean {
  return Buffer.compare(whole.subarray(0, beginning.length), beginning) === 0;
}
