// SQL against the database beside us or at the other end of its Service. Room: tools.
import type pg from 'pg';
import { ARCHIVE_SCRIPT } from '../api/names.ts';
import type { Archiver } from '../api/protected-database.ts';
import { type Connection, withClient } from './connection.ts';

const STATEMENT_TIMEOUT_MS = 5000;

export interface Observed {
  /** Where this Postgres really keeps its data. */
  readonly dataDirectory: string;
  readonly inRecovery: boolean;
  /** That it writes now; undefined in recovery. */
  readonly timeline?: number;
  /** The WAL file that was written to last; undefined in recovery. */
  readonly walFile?: string;
  readonly lastReplayedTime?: string;
  readonly archiver: Archiver;
  readonly settings: ArchiveSettings;
}

/** What archiving hangs on, as the running Postgres has it. Of commands only whether they are ours: they may hold secrets. */
export interface ArchiveSettings {
  /** Undefined while archive_mode is off: Postgres does not say then. */
  readonly isCommandOurs?: boolean;
  readonly timeoutSeconds: number;
  /** The configuration says otherwise than the running Postgres, which takes archive_mode at a start only. */
  readonly isRestartPending: boolean;
  /** File and line of a command of the user's own that ours, given on the command line, takes the place of. */
  readonly overridden?: string;
}

const OBSERVE = `
  select pg_is_in_recovery() as in_recovery,
         pg_last_xact_replay_timestamp() as last_replayed,
         case when not pg_is_in_recovery() then pg_walfile_name(pg_current_wal_lsn()) end as wal_file,
         current_setting('data_directory') as data_directory,
         current_setting('archive_mode') as archive_mode,
         current_setting('archive_mode') = 'off' as is_off,
         strpos(current_setting('archive_command'), $1) > 0
           and coalesce(current_setting('archive_library', true), '') = '' as is_ours,
         (select setting::int from pg_settings where name = 'archive_timeout') as timeout,
         (select pending_restart from pg_settings where name = 'archive_mode') as is_restart_pending,
         (select format('%s, line %s', sourcefile, sourceline) from pg_file_settings
           where name = 'archive_command' and strpos(setting, $1) = 0 and setting not in ('', '/bin/true')
             and (select source from pg_settings where name = 'archive_command') = 'command line'
           order by seqno desc limit 1) as overridden,
         archived_count::float8 as archived_count, failed_count::float8 as failed_count,
         last_archived_wal, last_archived_time, last_failed_wal, last_failed_time,
         (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') as waiting
    from pg_stat_archiver`;

export function observe(connection: Connection): Promise<Observed> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const { rows } = await client.query(OBSERVE, [ARCHIVE_SCRIPT]);
    return toObserved(rows[0]);
  });
}

function toObserved(row: Record<string, unknown>): Observed {
  const time = (value: unknown) => (value instanceof Date ? value.toISOString() : undefined);
  const archiver = {
    archiveMode: row.archive_mode,
    archivedCount: row.archived_count,
    failedCount: row.failed_count,
    lastArchivedWal: row.last_archived_wal,
    lastArchivedTime: time(row.last_archived_time),
    lastFailedWal: row.last_failed_wal,
    lastFailedTime: time(row.last_failed_time),
    waiting: row.waiting,
  };
  const present = Object.fromEntries(
    Object.entries(archiver).filter(([, value]) => value !== undefined && value !== null),
  );
  const lastReplayedTime = time(row.last_replayed);
  const walFile = typeof row.wal_file === 'string' ? row.wal_file : undefined;
  return {
    dataDirectory: String(row.data_directory),
    inRecovery: row.in_recovery === true,
    ...(walFile === undefined ? {} : { timeline: Number.parseInt(walFile.slice(0, 8), 16), walFile }),
    archiver: present as Archiver,
    settings: {
      timeoutSeconds: Number(row.timeout),
      isRestartPending: row.is_restart_pending === true,
      ...(row.is_off === true ? {} : { isCommandOurs: row.is_ours === true }),
      ...(typeof row.overridden === 'string' ? { overridden: row.overridden } : {}),
    },
    ...(lastReplayedTime === undefined ? {} : { lastReplayedTime }),
  };
}

/** Its effect goes on where nobody waits for it any more. */
export function checkpoint(connection: Connection): Promise<void> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    await client.query('checkpoint');
  });
}

export async function querySystemIdentifier(client: pg.Client): Promise<string> {
  const { rows } = await client.query('select system_identifier::text as id from pg_control_system()');
  return rows[0].id as string;
}

/** That it writes now: of the segment, because pg_control has the one before for a while after a promotion. */
export function queryTimeline(connection: Connection): Promise<number | undefined> {
  return withClient(connection, async (client) => {
    if (await queryInRecovery(client)) return undefined;
    const { rows } = await client.query('select pg_walfile_name(pg_current_wal_lsn()) as segment');
    return Number.parseInt(rows[0].segment.slice(0, 8), 16);
  });
}

export async function queryInRecovery(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query('select pg_is_in_recovery() as standby');
  return rows[0].standby === true;
}

/** Any constants do: a lock is per database cluster. They spell "walguard", and the same with one more. */
const BACKUP_LOCK = '8602815399480684132';
const DUMP_LOCK = '8602815399480684133';

/** One base backup at a time: two get the same name and overwrite each other silently (measured). Held until disconnect. */
export function tryBackupLock(client: pg.Client): Promise<boolean> {
  return tryLock(client, BACKUP_LOCK);
}

/** One at a time of those that dump databases, or load one beside those that run. Held until disconnect. */
export function tryDumpLock(client: pg.Client): Promise<boolean> {
  return tryLock(client, DUMP_LOCK);
}

async function tryLock(client: pg.Client, key: string): Promise<boolean> {
  const { rows } = await client.query(`select pg_try_advisory_lock(${key}) as locked`);
  return rows[0].locked === true;
}

/**
 * Makes everything committed so far restorable: a commit record, so that recovery finds a point to stop after the last
 * change, and a closed segment; then waits until that segment is archived.
 *
 * @returns the segment, or undefined on a standby, which cannot close one
 */
export function flushWal(connection: Connection, timeoutMs: number): Promise<string | undefined> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    if (await queryInRecovery(client)) return undefined;
    await client.query('select txid_current()');
    const { rows } = await client.query('select pg_walfile_name(pg_switch_wal()) as segment');
    const segment = rows[0].segment as string;
    await waitForArchived(client, segment, timeoutMs);
    return segment;
  });
}

/**
 * Archived is what Postgres was told, or what is marked as done: an engine that uploads ahead marks segments itself, and
 * archive_command is never called for those. Byte by byte: a language's order may leave out dots and take letters first.
 */
const IS_ARCHIVED = `
  select last_archived_wal collate "C" >= $1
           or exists (select from pg_ls_archive_statusdir() where name = $1 || '.done') as archived
    from pg_stat_archiver`;

export async function isArchived(client: pg.Client, segment: string): Promise<boolean> {
  const { rows } = await client.query(IS_ARCHIVED, [segment]);
  return rows[0].archived === true;
}

async function waitForArchived(client: pg.Client, segment: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await isArchived(client, segment)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`WAL segment ${segment} was not archived within ${timeoutMs / 1000} s`);
}
