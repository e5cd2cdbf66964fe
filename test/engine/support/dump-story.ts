// A database with all that is hard to dump, and what of it must come back.
import { ask } from './dump-restore.ts';
import type { Postgres } from './postgres.ts';

export const ODD = `o'dd "d b" \\ ünï $HOME \`id\` ; --`;
export const TWO_LINES = 'two\nlines=1';

const SEED = [
  `create role app login password 'app-secret'; create role "Odd role"; grant app to "Odd role"`,
  `create table orders (id int primary key, name text, at timestamptz, raw bytea);
   insert into orders select g, E'it''s\\t\\\\. \\n' || g, now(), decode(md5(g::text), 'hex') from generate_series(1, 5000) g`,
  `create schema "od d"; create table "od d"."we""ird.Ta ble(1)" (a text, "FROM stdin" text);
   insert into "od d"."we""ird.Ta ble(1)" values (E'\\\\.', E'a\\nb'), ('.', ''), (E'COPY x FROM stdin;', null)`,
  `create table without_columns (); insert into without_columns default values; create table empty (a int)`,
  `create function f() returns text language plpgsql as $f$ begin
COPY orders (id) FROM stdin;
-- PostgreSQL database dump complete
return 'x'; end $f$`,
  `create view v as select E'a\\\\''b' as x, 'f();' as y; create materialized view m as select count(*) from orders`,
  `select lo_from_bytea(424242, decode(repeat('deadbeef', 100000), 'hex'))`,
  `do $$ begin for i in 1..100 loop execute format('create table many_%s as select generate_series(1, %s) n', i, i); end loop; end $$`,
  `create table parted (a int) partition by range (a); create table parted_1 partition of parted for values from (0) to (9);
   insert into parted values (1), (2)`,
  `alter table orders owner to app; grant select on orders to "Odd role"`,
  'create database "empty"',
  `create database "${ODD.replaceAll('"', '""')}"`,
];

/** orders, weird, without_columns, empty, many_1 to many_100, parted_1; and here, in the odd one. */
export const TABLES = 106;
export const ROWS = 5000 + 3 + 1 + (100 * 101) / 2 + 2 + 2;

export async function seed(postgres: Postgres): Promise<void> {
  for (const statement of SEED) await postgres.sql(statement);
  await ask(postgres, ODD, 'create table here (a int); insert into here values (1), (2)');
}

/** Of all that a restore must bring back, in one text for each database. */
export async function fingerprint(postgres: Postgres, databases: readonly string[]): Promise<string[]> {
  const rows = `select string_agg(t, ' ' order by t) from (select format('%s.%s:%s', n.nspname, c.relname,
    (xpath('/row/h/text()', query_to_xml(format('select md5(coalesce(string_agg(x::text, '''' order by x::text), '''')) h from %I.%I x',
    n.nspname, c.relname), false, true, '')))[1]::text) t from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'm', 'v') and nspname !~ '^(pg_|information_schema)') s`;
  const objects = `select md5(coalesce(string_agg(lo_get(oid)::text, '' order by oid), '')) from pg_largeobject_metadata`;
  const rights = `select coalesce(string_agg(relname || relacl::text || relowner::regrole, ' ' order by relname), '') from pg_class where relname = 'orders'`;
  const perDatabase = databases.map(async (name) =>
    [await ask(postgres, name, rows), await ask(postgres, name, objects), await ask(postgres, name, rights)].join('\n'),
  );
  const roles = await ask(
    postgres,
    'postgres',
    `select string_agg(rolname || rolcanlogin || coalesce(rolpassword, ''), ' ' order by rolname) from pg_authid where rolname in ('app', 'Odd role')`,
  );
  const members = await ask(
    postgres,
    'postgres',
    'select string_agg(roleid::regrole || member::regrole::text, $$ $$) from pg_auth_members where roleid = $$app$$::regrole',
  );
  return [roles, members, ...(await Promise.all(perDatabase))];
}
