// A base backup is good once all the WAL from its start to its finish is in the store, and not before. walrus does not wait
// for it at all (it stops the backup by pg_backup_stop(false)), and who streams waits inside Postgres. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreContents, StoredBackup } from '../lib/store-contents.ts';
import { listMissing } from '../lib/wal-needed.ts';
import { queryArchivingTrouble } from '../tools/backup-server.ts';
import type { Client } from '../tools/connection.ts';
import type { Engine } from '../tools/engine.ts';
import { isArchived } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';

const ASK_MS = 1000;
const LIST_MS = 10_000;

export interface Shelf {
  readonly engine: Engine;
  readonly env: NodeJS.ProcessEnv;
  readonly segmentBytes: number;
}

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
  { engine, env, segmentBytes }: Shelf,
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
    await waitForArchiver(primary, backup.finishSegment, deadline, signal);
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

async function waitForArchiver(primary: Client, segment: string, deadline: number, signal: AbortSignal): Promise<void> {
  while (Date.now() < deadline && !(await isArchived(primary, segment))) await sleep(ASK_MS, undefined, { signal });
}

async function explain(name: string, missing: readonly string[], primary: Client | undefined): Promise<string> {
  const [first, last] = [missing[0], missing.at(-1)];
  const names = missing.length === 1 ? first : `${missing.length} segments from ${first} to ${last}`;
  const trouble = primary && (await queryArchivingTrouble(primary).catch(() => undefined));
  return `${name} does not count: the WAL that it needs is not in the store (${names})${trouble ? `; ${trouble}` : ''}`;
}
