// What is asked of the copy of a drill. Room: tools.
import type pg from 'pg';
import type { Answer, UserCheck } from '../lib/drill/user-checks.ts';
import type { DumpedDatabase } from '../lib/dump-manifest.ts';
import { type Client, type Connection, withClient } from './connection.ts';

export interface Promoted {
  /** RFC 3339: commit time of the last transaction that was replayed; absent where none was. */
  readonly lastTransactionAt?: string;
  /** `15.18 (Debian ...)` */
  readonly version: string;
}

const PROMOTED = `
  select pg_is_in_recovery() as in_recovery, split_part(current_setting('server_version'), ' ', 1) as version,
         to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last`;

/** Undefined until it takes writes, which is tried. */
export function queryPromoted(connection: Connection): Promise<Promoted | undefined> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query(PROMOTED);
    const { in_recovery: inRecovery, version, last } = rows[0];
    if (inRecovery) return undefined;
    await client.query('begin read write; select txid_current(); commit');
    return { version, ...(last === null ? {} : { lastTransactionAt: last as string }) };
  });
}

const DATABASES = `
  select datname::text as name from pg_database
   where datallowconn and datconnlimit <> -2 and not datistemplate order by datname`;

/** Names of those that take connections, templates left out. */
export function listDatabases(connection: Connection): Promise<string[]> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query(DATABASES);
    return rows.map(({ name }) => name as string);
  });
}

export function listRoles(connection: Connection): Promise<string[]> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query('select rolname::text as name from pg_roles');
    return rows.map(({ name }) => name as string);
  });
}

/** Is some role's password kept as an MD5? */
export function hasMd5Passwords(connection: Connection): Promise<boolean> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query("select exists (select from pg_authid where rolpassword like 'md5%') as there");
    return rows[0].there === true;
  });
}

/** As it was, where the dump does not make it itself. Its owner is there already. Other providers of locales than libc are left at the cluster's own. */
export function createDatabase(
  connection: Connection,
  { name, owner, encoding, collate, ctype }: Pick<DumpedDatabase, 'name' | 'owner' | 'encoding' | 'collate' | 'ctype'>,
): Promise<void> {
  return withClient(connection, async (client) => {
    const [as, sort, kind] = [encoding, collate, ctype].map((text) => client.escapeLiteral(text));
    const locale = `encoding ${as} lc_collate ${sort} lc_ctype ${kind}`;
    const [database, by] = [name, owner].map((text) => client.escapeIdentifier(text));
    await client.query(`create database ${database} owner ${by} template template0 ${locale}`);
  });
}

export interface Table {
  /** As SQL writes it. */
  readonly name: string;
  readonly rows: number;
  /** An extension makes it, with rows of its own that no dump holds. */
  readonly isExtensions?: boolean;
}

/** As pg_dump takes tables: ordinary ones and the parents of partitions, whose own rows are none. */
const TABLES = `
  select format('%I.%I', nspname, relname) as name,
         exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
           as is_extensions
    from pg_class c join pg_namespace n on n.oid = relnamespace
   where relkind = 'r' and relpersistence = 'p' and nspname not in ('pg_catalog', 'information_schema')
   order by 1`;

/** Of the database of the connection. @param timeoutMs for each table */
export function countRows(connection: Connection, timeoutMs: number): Promise<Table[]> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${timeoutMs}`);
    const { rows } = await client.query(TABLES);
    const tables: Table[] = [];
    for (const { name, is_extensions: isExtensions } of rows) {
      const counted = await client.query(`select count(*)::float8 as rows from only ${name}`);
      tables.push({ name, rows: counted.rows[0].rows, ...(isExtensions ? { isExtensions } : {}) });
    }
    return tables;
  });
}

/** One statement in a transaction that writes nothing. What Postgres says of it is an answer, too. */
export function askOne(
  connection: Connection,
  { database, sql }: Pick<UserCheck, 'database' | 'sql'>,
  timeoutMs: number,
): Promise<Answer> {
  return withClient({ ...connection, database }, async (client): Promise<Answer> => {
    await client.query(`begin read only; set local statement_timeout = ${timeoutMs}`);
    // The extended protocol takes one statement and no more. Values come as Postgres writes them.
    const query = { text: sql, rowMode: 'array', queryMode: 'extended', types: { getTypeParser: () => asText } };
    const { rows, fields } = await client.query<(string | null)[]>(query as pg.QueryArrayConfig);
    return { columns: fields.length, values: rows.map(([value]) => value ?? null) };
  }).catch((error: Error) => ({ error: error.message }));
}

function asText(value: string): string {
  return value;
}

export interface Amchecked {
  readonly indexes: number;
  readonly tables: number;
  /** Of the first that are not as they should be, in amcheck's words. */
  readonly findings: readonly string[];
}

const MAX_FINDINGS = 5;

const INDEXES = `
  select c.oid::int8::text as oid, c.oid::regclass::text as name
    from pg_class c join pg_index i on i.indexrelid = c.oid join pg_am a on a.oid = c.relam
   where c.relkind = 'i' and a.amname = 'btree' and i.indisvalid and i.indisready and c.relpersistence = 'p'`;

const HEAPS = `
  select c.oid::int8::text as oid, c.oid::regclass::text as name
    from pg_class c join pg_am a on a.oid = c.relam
   where c.relkind in ('r', 'm', 't') and a.amname = 'heap' and c.relpersistence = 'p'`;

/** Every index and heap of the connection's database; undefined where the image has no amcheck. */
export function runAmcheck(connection: Connection): Promise<Amchecked | undefined> {
  return withClient(connection, async (client) => {
    const at = await installAmcheck(client);
    if (at === undefined) return undefined;
    const findings: string[] = [];
    const indexes = (await client.query(INDEXES)).rows;
    for (const { oid, name } of indexes) {
      await client.query(`select ${at}.bt_index_check($1::oid::regclass, true)`, [oid]).catch((error) => {
        findings.push(`${name}: ${passOn(error)}`);
      });
    }
    const heaps = (await hasHeapCheck(client)) ? (await client.query(HEAPS)).rows : [];
    for (const { oid, name } of heaps) {
      const { rows } = await client
        .query(
          `select count(*)::int as count, min(format('block %s: %s', blkno, msg)) as first from ${at}.verify_heapam($1::oid::regclass)`,
          [oid],
        )
        .catch((error) => ({ rows: [{ count: 1, first: passOn(error) }] }));
      if (rows[0].count > 0) findings.push(`${name}: ${rows[0].count} findings, such as ${rows[0].first}`);
    }
    return { indexes: indexes.length, tables: heaps.length, findings: findings.slice(0, MAX_FINDINGS) };
  });
}

/** data_corrupted, index_corrupted, and what a torn page leads to are findings; an end of the connection is none. */
function passOn(error: Error & { code?: string }): string {
  if (error.code === undefined || /^(57|08|53)/.test(error.code)) throw error;
  return error.message;
}

/** @returns the schema that it is in, as SQL writes it */
async function installAmcheck(client: Client): Promise<string | undefined> {
  const { rows } = await client.query("select from pg_available_extensions where name = 'amcheck'");
  if (rows.length === 0) return undefined;
  await client.query('set default_transaction_read_only = off; set client_min_messages = warning');
  const find = () =>
    client.query(`select format('%I', nspname) as at from pg_extension e join pg_namespace n on n.oid = extnamespace
                   where extname = 'amcheck'`);
  const before = await find();
  if (before.rows.length === 0)
    await client.query('create schema walguard_drill; create extension amcheck schema walguard_drill');
  return (await find()).rows[0]?.at as string | undefined;
}

/** PostgreSQL 14 and later. */
async function hasHeapCheck(client: Client): Promise<boolean> {
  const { rows } = await client.query(
    "select to_regproc('verify_heapam') is not null or exists (select from pg_proc where proname = 'verify_heapam') as there",
  );
  return rows[0].there === true;
}

/** Table of a migration tool, by its name; and how its last migration is told. The columns tell apart who share a name. */
const TOOLS = [
  [
    'Flyway',
    'flyway_schema_history',
    'installed_rank',
    `concat_ws(' ', version, description, case when success then '' else '(failed)' end)`,
  ],
  ['Liquibase', 'databasechangelog', 'orderexecuted', 'id'],
  ['golang-migrate', 'schema_migrations', 'dirty', `version::text || case when dirty then ' (dirty)' else '' end`],
  ['Rails', 'schema_migrations', 'version', 'version::text'],
  ['Django', 'django_migrations', 'id', `concat_ws(' ', app, name)`],
  ['Prisma', '_prisma_migrations', 'started_at', 'migration_name'],
  ['Alembic', 'alembic_version', 'version_num', 'version_num'],
] as const;

const MIGRATIONS = `
  select relname::text as table, format('%I.%I', nspname, relname) as name,
         (select array_agg(attname::text) from pg_attribute where attrelid = c.oid and attnum > 0) as columns
    from pg_class c join pg_namespace n on n.oid = relnamespace
   where relkind = 'r' and relname = any($1)`;

/** Such as `Flyway: 42 add index`, of the connection's database. */
export function readMigrations(connection: Connection, timeoutMs: number): Promise<string[]> {
  return withClient(connection, async (client) => {
    await client.query(`set statement_timeout = ${timeoutMs}`);
    const { rows } = await client.query(MIGRATIONS, [TOOLS.map(([, table]) => table)]);
    const seen: string[] = [];
    for (const { table, name, columns } of rows) {
      const tool = TOOLS.find(([, known, by]) => known === table && (columns as string[]).includes(by));
      if (!tool) continue;
      const [label, , by, told] = tool;
      const order = by === 'dirty' ? 'version' : by;
      const last = await client.query(`select ${told} as told from ${name} order by ${order} desc limit 1`);
      seen.push(`${label}: ${last.rows[0]?.told?.trim() ?? 'none was made'}`);
    }
    return seen;
  });
}
