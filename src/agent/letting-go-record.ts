// The record of WAL that was let go, beside the data that it is about. Room: agent (door).
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LETTING_GO_RECORD, LETTING_GO_RESERVE } from '../api/names.ts';
import { replace } from './data-directory.ts';
import { readPlainJson } from './plain-file.ts';

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
  return readPlainJson(join(pgdata, LETTING_GO_RECORD));
}

/** Ample for one record on any file system, and so much that Postgres does not take all of it in the blink between. */
const RESERVE_BYTES = 256 * 1024;
const LEAST_BYTES = 8 * 1024;

/** The record is written when the volume is full: the reserve makes room for it. */
export async function writeRecord(pgdata: string, record: LettingGoRecord): Promise<void> {
  await rm(join(pgdata, LETTING_GO_RESERVE), { force: true });
  await replace(join(pgdata, LETTING_GO_RECORD), `${JSON.stringify(record)}\n`);
  await keepReserve(pgdata);
}

/** As much as there is room for: at worst none, and the next record that is written with some makes it anew. */
export async function keepReserve(pgdata: string, bytes = RESERVE_BYTES): Promise<void> {
  const path = join(pgdata, LETTING_GO_RESERVE);
  try {
    // Noise, because a file system may compress; never through a link that lies there.
    await writeFile(path, randomBytes(bytes), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await rm(path, { force: true });
    if (bytes > LEAST_BYTES) await keepReserve(pgdata, bytes / 2);
  }
}
