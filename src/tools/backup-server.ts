// SQL that a base backup needs: what kind of server this is, and what makes it ready for one. Room: tools.
import type { ClusterIdentity } from '../lib/cluster-identity.ts';
import type { Client } from './connection.ts';
import { queryInRecovery } from './postgres.ts';
import { queryIncarnation } from './query-incarnation.ts';

export interface ServerFacts extends ClusterIdentity {
  readonly inRecovery: boolean;
  /** Where this Postgres really keeps its data. */
  readonly dataDirectory: string;
  /** Bytes of a WAL segment. */
  readonly segmentBytes: number;
  /** Of its last checkpoint; right after a promotion the one before. */
  readonly timeline: number;
  /** Where its last checkpoint begins, as `0/3000028`: a backup of a standby begins there. */
  readonly redoLsn: string;
  /** Of pg_stat_archiver, which only a primary has. */
  readonly lastArchivedWal?: string;
}

const FACTS = `
  select (select system_identifier::text from pg_control_system()) as system_identifier,
         current_setting('server_version_num')::int / 10000 as major,
         pg_is_in_recovery() as in_recovery,
         current_setting('data_directory') as data_directory,
         (select setting::float8 from pg_settings where name = 'wal_segment_size') as segment_bytes,
         timeline_id as timeline, redo_lsn::text as redo_lsn,
         (select last_archived_wal from pg_stat_archiver) as last_archived_wal
    from pg_control_checkpoint()`;

export async function queryServer(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query(FACTS);
  const row = rows[0];
  return {
    systemIdentifier: row.system_identifier,
    incarnation: await queryIncarnation(client),
    major: row.major,
    inRecovery: row.in_recovery === true,
    dataDirectory: row.data_directory,
    segmentBytes: row.segment_bytes,
    timeline: row.timeline,
    redoLsn: row.redo_lsn,
    ...(typeof row.last_archived_wal === 'string' ? { lastArchivedWal: row.last_archived_wal } : {}),
  };
}

/** As the server that answers has it in its data directory; undefined for a login that may not read files. */
export async function readPostmasterPid(client: Client): Promise<string | undefined> {
  try {
    const { rows } = await client.query("select pg_read_file('postmaster.pid') as text");
    return rows[0].text;
  } catch (error) {
    if ((error as { code?: string }).code === INSUFFICIENT_PRIVILEGE) return undefined;
    throw error;
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Why nothing would become of a base backup now; undefined where nothing is known to be wrong. A failed push is over once
 * anything has been archived after it.
 */
export async function queryArchivingTrouble(client: Client): Promise<string | undefined> {
  if (await queryInRecovery(client)) return undefined;
  const { rows } = await client.query(
    `select current_setting('archive_mode') = 'off' as is_off, last_failed_wal,
            last_failed_time > coalesce(last_archived_time, '-infinity') as is_failing
       from pg_stat_archiver`,
  );
  const { is_off: isOff, is_failing: isFailing, last_failed_wal: segment } = rows[0];
  if (isOff === true) return 'archive_mode is off';
  return isFailing === true ? `${segment} could not be archived, and nothing after it` : undefined;
}

/** On a primary: what is written from now on is in a segment of its own. Returns an LSN before which a standby is not ready. */
export async function beginSegment(client: Client): Promise<string> {
  await client.query('select pg_switch_wal()');
  await client.query('checkpoint');
  const { rows } = await client.query('select pg_current_wal_lsn()::text as lsn');
  return rows[0].lsn;
}

/** On a primary: closes the segment that is being written, so that it is archived now. Of an idle one as well. */
export async function closeSegment(client: Client): Promise<void> {
  await client.query('select txid_current()');
  await client.query('select pg_switch_wal()');
}

export async function hasReplayed(client: Client, lsn: string): Promise<boolean> {
  const { rows } = await client.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is_there', [lsn]);
  return rows[0].is_there === true;
}

/** A checkpoint; on a standby a restartpoint, if its primary has made a checkpoint since the last one. */
export async function checkpoint(client: Client): Promise<void> {
  await client.query('checkpoint');
}
