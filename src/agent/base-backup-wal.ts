// A base backup is good once all the WAL from its start to its finish is in the store, and not before. walrus does not wait
// for it at all (it stops the backup by pg_backup_stop(false)), and who streams waits inside Postgres. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreContents, StoredBackup } from '../lib/store-contents.ts';
import { listMissing } from '../lib/wal-needed.ts';
import { queryArchivingTrouble } from '../tools/backup-server.ts';
import type { Client } from '../tools/connection.ts';
import { isArchived } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import type { Shelf } from './prune.ts';

const ASK_MS = 1000;
const LIST_MS = 10_000;

export interface Complete {
  readonly backup: StoredBackup;
  readonly contents: StoreContents;
}

/**
 * @param primary of the cluster, which archives; undefined where it cannot be asked
 * @param deadline Unix milliseconds
 * @throws Error that names what is missing
 */
export async function waitForWal(
  { engine, env, segmentBytes }: Pick<Shelf, 'engine' | 'env' | 'segmentBytes'>,
  name: string,
  primary: Client | undefined,
  deadline: number,
  signal: AbortSignal,
): Promise<Complete> {
  let contents = await readStoreContents(engine, env, segmentBytes);
  const backup = contents.backups.find((each) => each.name === name);
  if (!backup) throw new Error(`${name} was made, but the store does not list it as finished`);
  // Postgres is asked often, the store seldom: it may hold a hundred thousand segments.
  if (primary) {
    await waitForArchiver(primary, backup, deadline, signal);
    contents = await readStoreContents(engine, env, segmentBytes);
  }
  for (;;) {
    const missing = listMissing(contents, backup.startSegment, backup.finishSegment);
    if (missing.length === 0) return { backup, contents };
    if (Date.now() > deadline) throw new Error(await explain(name, missing, primary));
    await sleep(Math.min(LIST_MS, Math.max(ASK_MS, deadline - Date.now())), undefined, { signal });
    contents = await readStoreContents(engine, env, segmentBytes);
  }
}

/** A segment of the name may be another server's, of a copy of this cluster: only Postgres knows that its own is archived. */
async function waitForArchiver(
  primary: Client,
  { name, finishSegment }: StoredBackup,
  deadline: number,
  signal: AbortSignal,
): Promise<void> {
  while (!(await isArchived(primary, finishSegment))) {
    if (Date.now() > deadline) {
      const why = `Postgres has not archived ${finishSegment}, the last WAL that it needs`;
      throw new Error(`${name} does not count: ${why}${await findTrouble(primary)}`);
    }
    await sleep(ASK_MS, undefined, { signal });
  }
}

async function explain(name: string, missing: readonly string[], primary: Client | undefined): Promise<string> {
  const [first, last] = [missing[0], missing.at(-1)];
  const names = missing.length === 1 ? first : `${missing.length} segments from ${first} to ${last}`;
  return `${name} does not count: the WAL that it needs is not in the store (${names})${await findTrouble(primary)}`;
}

async function findTrouble(primary: Client | undefined): Promise<string> {
  const trouble = primary && (await queryArchivingTrouble(primary).catch(() => undefined));
  return trouble ? `; ${trouble}` : '';
}
