// SQL against the database beside us or at the other end of its Service. Room: tools.
import pg from 'pg';
import type { Archiver } from '../api/protected-database.ts';

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
}

const CONNECT_TIMEOUT_MS = 3000;
const STATEMENT_TIMEOUT_MS = 5000;

/** Runs `use` with a connected client and always closes it. */
export async function withClient<T>(connection: Connection, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    ...connection,
    database: 'postgres',
    application_name: 'walguard',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A connection that breaks between queries emits 'error'; the next query reports it to whoever waits.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export interface Observed {
  /** Where this Postgres really keeps its data. */
  readonly dataDirectory: string;
  readonly inRecovery: boolean;
  readonly lastReplayedTime?: string;
  readonly archiver: Archiver;
}

const OBSERVE = `
  select pg_is_in_recovery() as in_recovery,
         pg_last_xact_replay_timestamp() as last_replayed,
         current_setting('data_directory') as data_directory,
         current_setting('archive_mode') as archive_mode,
         archived_count::float8 as archived_count, failed_count::float8 as failed_count,
         last_archived_wal, last_archived_time, last_failed_wal, last_failed_time,
         (select count(*)::int from pg_ls_archive_statusdir() where name like '%.ready') as waiting
    from pg_stat_archiver`;

export function observe(connection: Connection): Promise<Observed> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const { rows } = await client.query(OBSERVE);
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
  return {
    dataDirectory: String(row.data_directory),
    inRecovery: row.in_recovery === true,
    archiver: present as Archiver,
    ...(lastReplayedTime === undefined ? {} : { lastReplayedTime }),
  };
}

export async function querySystemIdentifier(client: pg.Client): Promise<string> {
  const { rows } = await client.query('select system_identifier::text as id from pg_control_system()');
  return rows[0].id as string;
}

/** Any constant does: the lock is per database cluster. Spells "walguard". */
const LOCK_KEY = '8602815399480684132';

/** One base backup at a time: two get the same name and overwrite each other silently (measured). Held until disconnect. */
export async function tryBackupLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(`select pg_try_advisory_lock(${LOCK_KEY}) as locked`);
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
    const { rows: standby } = await client.query('select pg_is_in_recovery() as standby');
    if (standby[0].standby) return undefined;
    await client.query('select txid_current()');
    const { rows } = await client.query('select pg_walfile_name(pg_switch_wal()) as segment');
    const segment = rows[0].segment as string;
    await waitForArchived(client, segment, timeoutMs);
    return segment;
  });
}

/**
 * Archived is what Postgres was told, or what is marked as done: an engine that uploads ahead marks segments itself, and
 * archive_command is never called for those.
 */
const IS_ARCHIVED = `
  select last_archived_wal >= $1 or exists (select from pg_ls_archive_statusdir() where name = $1 || '.done') as archived
    from pg_stat_archiver`;

async function waitForArchived(client: pg.Client, segment: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const { rows } = await client.query(IS_ARCHIVED, [segment]);
    if (rows[0].archived === true) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`WAL segment ${segment} was not archived within ${timeoutMs / 1000} s`);
}
