// Whoever is connected to a database, and statements that stand or fall together. Room: tools.
import type { Client } from './connection.ts';

const OTHERS = `
  select pg_terminate_backend(pid) from pg_stat_activity a join pg_database d on d.oid = a.datid
   where d.datname = $1 and pid <> pg_backend_pid()`;

/** Tells all that are connected to the database to end; it does not wait for them. */
export async function endSessions(client: Client, database: string): Promise<void> {
  await client.query(OTHERS, [database]);
}

export async function inTransaction(client: Client, use: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await use();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
