// Which restore made the cluster that a server runs, by the record in its data directory. Room: tools.
import type pg from 'pg';
import { RESTORE_RECORD, RESTORE_RECORD_DONE } from '../api/names.ts';
import { readIncarnation } from '../lib/cluster-identity.ts';

/**
 * That of the restore under way first: the sidecar renames it while we look. As bytes, because text must be right in the encoding
 * of the database that is asked.
 */
const RECORD = `
  select coalesce(pg_read_binary_file('${RESTORE_RECORD}', 0, 1048576, true),
                  pg_read_binary_file('${RESTORE_RECORD_DONE}', 0, 1048576, true)) as bytes`;

const INSUFFICIENT_PRIVILEGE = '42501';

/** @throws Error where it cannot be told: then it is not known where the cluster archives, and nothing is to be written */
export async function queryIncarnation(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query(RECORD).catch((error: Error & { code?: string }) => {
    if (error.code === INSUFFICIENT_PRIVILEGE) throw new Error(NOT_PERMITTED, { cause: error });
    throw error;
  });
  const bytes: Buffer | null = rows[0].bytes;
  return bytes === null ? undefined : readIncarnation(parse(bytes));
}

const NOT_PERMITTED = `the login may not read ${RESTORE_RECORD_DONE} in the data directory, so it is not known where this database archives; nothing was written. Use a superuser, or: grant pg_read_server_files to it, and execute on function pg_read_binary_file(text, bigint, bigint, boolean)`;

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
