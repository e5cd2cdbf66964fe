// Locks that keep jobs of one server apart, held as long as their connection lives. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type Connection, withClient } from '../tools/connection.ts';
import { tryBackupLock, tryDumpLock } from '../tools/postgres.ts';

/** Often enough that no network on the way forgets an idle connection. */
const HEARTBEAT_MS = 15_000;

/** Gets a signal for when the connection breaks, and the lock with it: from then on somebody else may begin. */
type Use<T> = (client: Client, lost: AbortSignal) => Promise<T>;

/** @throws Error where another base backup holds it */
export function withBackupLock<T>(connection: Connection, use: Use<T>, heartbeatMs = HEARTBEAT_MS): Promise<T> {
  return withLock(connection, use, heartbeatMs, async (client) => {
    if (!(await tryBackupLock(client))) throw new Error('another base backup of this database is running');
  });
}

const POLL_MS = 2000;

/** A dump that is read, or loaded beside the databases that run. @param waitMs for whoever holds it; then it throws */
export function withDumpLock<T>(connection: Connection, waitMs: number, use: Use<T>): Promise<T> {
  const deadline = performance.now() + waitMs;
  return withLock(connection, use, HEARTBEAT_MS, async (client) => {
    while (!(await tryDumpLock(client))) {
      if (performance.now() >= deadline)
        throw new Error('a dump of this server, or a restore of one into it, is running');
      await sleep(POLL_MS);
    }
  });
}

function withLock<T>(
  connection: Connection,
  use: Use<T>,
  heartbeatMs: number,
  take: (client: Client) => Promise<void>,
): Promise<T> {
  return withClient(connection, async (client) => {
    // Of the login's own, which a checkpoint may exceed.
    await client.query('set statement_timeout = 0');
    await take(client);
    const lost = new AbortController();
    const over = new AbortController();
    const lose = () => lost.abort(new Error('the connection to Postgres, and the lock with it, broke in the middle'));
    client.once('end', lose);
    void beat(client, heartbeatMs, lose, over.signal);
    try {
      return await use(client, lost.signal);
    } catch (error) {
      throw lost.signal.aborted ? lost.signal.reason : error;
    } finally {
      over.abort();
      client.removeListener('end', lose);
    }
  });
}

async function beat(client: Client, everyMs: number, lose: () => void, over: AbortSignal): Promise<void> {
  try {
    while (!over.aborted) {
      await sleep(everyMs, undefined, { signal: over });
      // It may wait long behind a checkpoint: only an error says that the connection is gone.
      await client.query('select 1');
    }
  } catch {
    if (!over.aborted) lose();
  }
}
