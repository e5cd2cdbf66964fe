// The record of WAL that was let go, beside the data that it is about. Room: agent (door).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LETTING_GO_RECORD } from '../api/names.ts';
import { isMissing, replace } from './data-directory.ts';

/** Times are RFC 3339. A copy of the data directory brings it along: it counts only where it says that it belongs. */
export interface LettingGoRecord {
  /** `<namespace>/<StatefulSet>`. */
  readonly database: string;
  readonly systemIdentifier: string;
  readonly since: string;
  /** Nothing was let go after it; in the future while that may go on. */
  readonly until: string;
}

export async function readRecord(pgdata: string): Promise<LettingGoRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(pgdata, LETTING_GO_RECORD), 'utf8')) as LettingGoRecord;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function writeRecord(pgdata: string, record: LettingGoRecord): Promise<void> {
  return replace(join(pgdata, LETTING_GO_RECORD), `${JSON.stringify(record)}\n`);
}
