// What a dump has to know of the server that it reads. Room: tools.
import type pg from 'pg';
import type { ClusterIdentity } from '../lib/cluster-identity.ts';
import type { DumpedDatabase } from '../lib/dump-manifest.ts';
import { type Connection, withClient } from './connection.ts';
import { queryIncarnation } from './query-incarnation.ts';

/** Sizes are summed up file by file. */
const STATEMENT_TIMEOUT_MS = 60_000;

export interface ServerDescription {
  readonly inRecovery: boolean;
  readonly version: string;
  readonly identity: ClusterIdentity;
  /** Those that take connections, templates left out. */
  readonly databases: readonly Omit<DumpedDatabase, 'extensions' | 'tables'>[];
  /** Names of those that take none. */
  readonly closed: readonly string[];
}

const SERVER = `
  select pg_is_in_recovery() as in_recovery, current_setting('server_version') as version,
         current_setting('server_version_num')::int / 10000 as major,
         (select system_identifier::text from pg_control_system()) as system_identifier`;

/** By JSON, because which columns there are differs between majors. A limit of -2 marks what a broken DROP DATABASE left. */
const DATABASES = `
  select datname::text as name, pg_get_userbyid(datdba)::text as owner, pg_database_size(oid)::float8 as bytes,
         pg_encoding_to_char(encoding)::text as encoding, to_jsonb(d) ->> 'datcollate' as collate,
         to_jsonb(d) ->> 'datctype' as ctype, to_jsonb(d) ->> 'datlocprovider' as provider,
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale,
         datallowconn and datconnlimit <> -2 as is_open
    from pg_database d
   where not datistemplate
   order by datname`;

export function describeServer(connection: Connection): Promise<ServerDescription> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const { rows: servers } = await client.query(SERVER);
    const { rows } = await client.query(DATABASES);
    const open = rows.filter(({ is_open }) => is_open);
    return {
      inRecovery: servers[0].in_recovery === true,
      version: servers[0].version as string,
      identity: {
        major: servers[0].major as number,
        systemIdentifier: servers[0].system_identifier as string,
        incarnation: await queryIncarnation(client),
      },
      databases: open.map(toDatabase),
      closed: rows.filter(({ is_open }) => !is_open).map(({ name }) => name as string),
    };
  });
}

const PROVIDERS: Readonly<Record<string, string>> = { b: 'builtin', c: 'libc', i: 'icu' };

function toDatabase(row: pg.QueryResultRow): Omit<DumpedDatabase, 'extensions' | 'tables'> {
  const { name, owner, bytes, encoding, collate, ctype, provider, locale } = row;
  const localeProvider = PROVIDERS[provider as string];
  return {
    ...{ name, owner, bytes, encoding, collate, ctype },
    ...(localeProvider === undefined ? {} : { localeProvider }),
    ...(locale === null ? {} : { locale }),
  };
}
