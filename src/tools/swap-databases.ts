// SQL for the moment in which one database takes the place of another. Room: tools.
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteIdentifier, quoteLiteral } from '../lib/database-settings.ts';
import { type Client, type Connection, withClient } from './connection.ts';
import { endSessions, inTransaction } from './sessions.ts';

export interface Swap {
  readonly replaced: string;
  readonly by: string;
  readonly aside: string;
}

const SWAP_TRIES = 3;
const SWAP_PAUSE_MS = 1000;

/**
 * In one transaction, so that whoever dies in between leaves all as it was. The lock that a rename takes keeps new connections
 * waiting until its end; those that are there are ended meanwhile, or Postgres would refuse it after five seconds.
 *
 * @returns for how many milliseconds nobody could connect
 */
export function swapDatabases(connection: Connection, swap: Swap): Promise<number> {
  return withClient(connection, (client) =>
    withClient(connection, async (other) => {
      for (let tries = 1; ; tries++) {
        const startedAt = performance.now();
        try {
          await renameBoth(client, other, swap);
          return Math.round(performance.now() - startedAt);
        } catch (error) {
          if (tries === SWAP_TRIES) throw error;
        }
        await sleep(SWAP_PAUSE_MS);
      }
    }),
  );
}

const COMMENT = "select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1";

async function renameBoth(client: Client, other: Client, { replaced, by, aside }: Swap): Promise<void> {
  await inTransaction(client, async () => {
    await client.query("set local lock_timeout = '5s'; set local statement_timeout = '15s'");
    const { rows } = await client.query(COMMENT, [replaced]);
    await renameUnder(client, other, replaced, aside);
    await renameUnder(client, other, by, replaced);
    const comment = (rows[0]?.comment ?? null) as string | null;
    const text = comment === null ? 'null' : quoteLiteral(comment);
    await client.query(`comment on database ${quoteIdentifier(replaced)} is ${text}`);
  });
}

/** Ends them until it is told to stop; what it cannot do, the statement that it makes room for says. */
async function endOthers(client: Client, name: string, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await endSessions(client, name).catch(() => undefined);
    await sleep(TERMINATE_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
  }
}

const TERMINATE_EVERY_MS = 50;

/** Nobody is ended any more by the time it is over: who comes after the commit comes to the new one. */
async function renameUnder(client: Client, other: Client, from: string, to: string): Promise<void> {
  const over = new AbortController();
  const ending = endOthers(other, from, over.signal);
  try {
    await client.query(`alter database ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`);
  } finally {
    over.abort();
    await ending;
  }
}
