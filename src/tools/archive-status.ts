// SQL: what Postgres knows of its own archive, segment by segment. Room: tools.
import type pg from 'pg';
import type { Archiving } from '../lib/stored-runs.ts';

/** Of every file in pg_wal that was closed, and of the last one that archive_command took, which may be recycled by now. */
const STATUS = `
  select array(select name from pg_ls_archive_statusdir() where name like '%.ready' or name like '%.done') as names,
         last_archived_wal as last from pg_stat_archiver`;

/** To be asked before the store is listed: what is archived by then must be in the list. */
export async function queryArchiveStatus(client: pg.Client): Promise<Archiving> {
  const { rows } = await client.query<{ names: string[]; last: string | null }>(STATUS);
  const { names = [], last = null } = rows[0] ?? {};
  const pick = (suffix: string) =>
    names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
  const waiting = new Set(pick('.ready'));
  // A backup's label comes right after its segment, a timeline's history before all segments.
  const archivedUpTo = /^[0-9A-F]{24}/.exec(last ?? '')?.[0];
  // One that waits again was archived by another server, before this one was promoted.
  const archived = [...pick('.done'), ...(archivedUpTo ? [archivedUpTo] : [])].filter((name) => !waiting.has(name));
  return { waiting, archived: new Set(archived), ...(archivedUpTo ? { archivedUpTo } : {}) };
}

/** The segment that a primary writes now. To be asked after the store was listed: nothing in the list can be newer. */
export async function queryCurrentSegment(client: pg.Client): Promise<string> {
  const { rows } = await client.query('select pg_walfile_name(pg_current_wal_lsn()) as segment');
  return rows[0].segment;
}
