// A sign of life in the WAL of an idle database. Room: tools.
import { type Connection, withClient } from './connection.ts';

/**
 * A transactional message: its commit record carries the time, so that a recovery to a moment finds a commit at which to stop
 * although nothing else happened (a recovery whose target lies after the last commit fails). txid_current() would do that too,
 * but says nothing to who reads the WAL. Any user may; nothing is written to tables. `local`: where a synchronous standby
 * is away, no heartbeat waits for it.
 *
 * Measured on PostgreSQL 15: 112 bytes of WAL a beat. The rest of a segment of 16 MB is zeros, of which lz4 leaves 67 kB: with
 * one beat in 5 minutes 19 MB a day in the store.
 */
const MESSAGE = `
  set statement_timeout = 5000;
  set synchronous_commit = local;
  select pg_logical_emit_message(true, 'walguard', 'heartbeat')`;

/**
 * @returns the segment that was closed; undefined where this login may not close one: archive_timeout does it then, because
 *   there is something in it
 */
export function beat(connection: Connection): Promise<string | undefined> {
  return withClient(connection, async (client) => {
    await client.query(MESSAGE);
    const { rows } = await client.query("select has_function_privilege('pg_switch_wal()', 'execute') as may");
    if (rows[0].may !== true) return undefined;
    const switched = await client.query('select pg_walfile_name(pg_switch_wal()) as segment');
    return switched.rows[0].segment as string;
  });
}
