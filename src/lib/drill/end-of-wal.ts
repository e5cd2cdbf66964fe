// Did a recovery of all that is archived get to its end? Postgres takes whatever it cannot read for the end, and promotes.
// Room: lib (pure).
import type { EvidenceCheck } from '../../api/evidence.ts';
import { judgeBackups } from '../good-backups.ts';
import type { StoreContents, StoredBackup } from '../store-contents.ts';
import { nameAt } from '../timelines.ts';
import { parseLsn } from '../wal-segment.ts';

export interface ReachedEnd {
  /** Where the copy's new timeline leaves the one that it replayed. */
  readonly lsn: string;
  /** What Postgres said of a record that it did not take. */
  readonly damage?: string;
}

export type EndOfWal = Pick<EvidenceCheck, 'result' | 'expected' | 'seen'> & {
  /** That recovery would have needed next, and the store does not list: it may be on its way. */
  readonly missing?: string;
};

/**
 * | it ended                       | a record was damaged | the segment where it ended is stored | result                        |
 * | behind the newest segment      |                      |                                      | passed                        |
 * | in the newest segment          | no                   |                                      | passed: its last record goes on behind it |
 * | in the newest segment          | yes                  |                                      | failed: damaged               |
 * | before the newest segment      |                      | yes                                  | failed: damaged               |
 * | before the newest segment      |                      | no                                   | failed: missing               |
 *
 * @param contents the store as it was listed before the fetch
 */
export function judgeEndOfWal(contents: StoreContents, { name }: StoredBackup, { lsn, damage }: ReachedEnd): EndOfWal {
  const { segmentBytes } = contents;
  const judged = judgeBackups(contents).find(({ backup }) => backup.name === name);
  const newest = judged?.stored.runs.at(-1)?.last;
  if (judged === undefined || newest === undefined)
    return { result: 'unknown', seen: `of the WAL after ${name} nothing is listed` };
  const { line } = judged.stored;
  const at = Number(parseLsn(lsn) / BigInt(segmentBytes));
  const expected = `the end of ${nameAt(line, newest, segmentBytes)}`;
  const segment = nameAt(line, at, segmentBytes);
  if (at > newest || (at === newest && damage === undefined)) return { result: 'passed', expected, seen: `LSN ${lsn}` };
  const words = damage === undefined ? '' : `: ${damage}`;
  if (contents.segments.some((each) => each.name === segment))
    return { result: 'failed', expected, seen: `LSN ${lsn}, in ${segment}, which cannot be read on${words}` };
  const lost = newest - at;
  const seen = `LSN ${lsn}: ${segment} is missing in the store, and the ${lost} after it cannot be reached`;
  return { result: 'failed', expected, seen, missing: segment };
}
