// An upload that was cut off and that the store kept: its segment is never overwritten, so archiving would stand still for
// ever. When such an object may be removed. No I/O. Room: agent (door).
import type { Archiver } from '../api/protected-database.ts';
import { isFailing } from '../health/assess-archiving.ts';

/** First bytes of what is compressed and not encrypted. */
const MAGIC: Readonly<Record<string, readonly number[]>> = {
  lz4: [0x04, 0x22, 0x4d, 0x18],
  zst: [0x28, 0xb5, 0x2f, 0xfd],
};

export interface StoredCopy {
  /** Of its name, such as lz4. */
  readonly extension: string;
  /** As it is stored. */
  readonly raw: Uint8Array;
  /** As far as the engine can decrypt and decompress it. */
  readonly decoded: Uint8Array;
  /** The engine came to its end. */
  readonly isWhole: boolean;
}

/** The segment that Postgres fails to archive now. */
export function findStuckSegment(archiver: Archiver): string | undefined {
  const name = archiver.lastFailedWal;
  return isFailing(archiver) && name !== undefined && /^[0-9A-F]{24}$/.test(name) ? name : undefined;
}

/**
 * Only what nothing can ever be restored from, and what is surely the beginning of the file that is here and complete. A wrong
 * key decodes nothing and shows no magic; another cluster's segment decodes to something else.
 *
 * | the engine reads it to its end | what it reads is the local file's beginning | and that is something, or it is empty or has the magic | torn |
 * | yes                            |                                             |                                                        | no   |
 * | no                             | no                                          |                                                        | no   |
 * | no                             | yes                                         | no                                                     | no   |
 * | no                             | yes                                         | yes                                                    | yes  |
 */
export function isTorn({ extension, raw, decoded, isWhole }: StoredCopy, local: Uint8Array): boolean {
  if (isWhole || decoded.length >= local.length || !startsWith(local, decoded)) return false;
  const magic = MAGIC[extension];
  return decoded.length > 0 || raw.length === 0 || (magic !== undefined && startsWith(raw, magic));
}

function startsWith(whole: Uint8Array, beginning: ArrayLike<number>): boolean {
  for (let i = 0; i < beginning.length; i++) if (whole[i] !== beginning[i]) return false;
  return true;
}
