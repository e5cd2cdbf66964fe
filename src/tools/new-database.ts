// SQL for a dump's database beside those that run: what is there, and a place to load into. Room: tools.
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteIdentifier, quoteLiteral } from '../lib/database-settings.ts';
import type { DumpedDatabase } from '../lib/dump-manifest.ts';
import type { Standing } from '../lib/new-database.ts';
import { type Client, type Connection, withClient } from './connection.ts';
import { endSessions } from './sessions.ts';

const SERVER = `
  select pg_is_in_recovery() as in_recovery, (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
         array(select rolname::text from pg_roles) as roles`;

const DATABASES = `select datname::text as name, shobj_description(oid, 'pg_database') as comment from pg_database`;

/** Slots and subscriptions hang on the database itself, and would stay with the old one. */
const TIES = `
  select format('a logical replication slot %s', slot_name) as tie from pg_replication_slots where database = $1
  union all
  select format('a subscription %s', subname) from pg_subscription join pg_database d on d.oid = subdbid where datname = $1
  union all
  select format('a prepared transaction %s', gid) from pg_prepared_xacts where database = $1`;

/** @param swap the database that is to be replaced, if one is */
export async function readStanding(client: Client, swap: string | undefined): Promise<Omit<Standing, 'freeBytes'>> {
  const { rows: servers } = await client.query(SERVER);
  const { rows } = await client.query(DATABASES);
  const isSuperuser = servers[0].is_superuser === true;
  const ties = swap === undefined || !isSuperuser ? [] : (await client.query(TIES, [swap])).rows;
  return {
    isSuperuser,
    inRecovery: servers[0].in_recovery === true,
    databases: new Map(rows.map(({ name, comment }) => [name as string, comment as string | null])),
    roles: new Set(servers[0].roles as string[]),
    ties: ties.map(({ tie }) => tie as string),
  };
}

/** Empty, with the encoding and the locale that it had; nobody but superusers gets in. */
export async function createWorkDatabase(client: Client, name: string, database: DumpedDatabase): Promise<void> {
  const { encoding, collate, ctype, localeProvider, locale } = database;
  const words = [
    `template template0 connection limit 0 encoding ${quoteLiteral(encoding)}`,
    `lc_collate ${quoteLiteral(collate)} lc_ctype ${quoteLiteral(ctype)}`,
    ...(localeProvider === undefined ? [] : [`locale_provider ${quoteIdentifier(localeProvider)}`]),
    ...(localeProvider === undefined || locale === undefined
      ? []
      : [`${localeProvider}_locale ${quoteLiteral(locale)}`]),
  ];
  await client.query(`create database ${quoteIdentifier(name)} ${words.join(' ')}`);
}

const DROP_TRIES = 10;
const DROP_PAUSE_MS = 500;

/** What a load left, whole or not, whoever is connected to it. No error where there is none. */
export async function dropWorkDatabase(client: Client, name: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    await endSessions(client, name);
    try {
      await client.query(`drop database if exists ${quoteIdentifier(name)}`);
      return;
    } catch (error) {
      if (tries === DROP_TRIES) throw error;
    }
    await sleep(DROP_PAUSE_MS);
  }
}

/** Bytes; undefined where it is not there. */
export async function readSize(client: Client, name: string): Promise<number | undefined> {
  const { rows } = await client.query(
    'select pg_database_size(oid)::float8 as bytes from pg_database where datname = $1',
    [name],
  );
  return rows[0]?.bytes as number | undefined;
}

/** Of the connection's database. */
export function analyse(connection: Connection): Promise<void> {
  return withClient(connection, async (client) => {
    await client.query('set statement_timeout = 0');
    await client.query('analyze');
  });
}
