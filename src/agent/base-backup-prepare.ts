// Makes a server ready for a base backup, and refuses what could not become a good one. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreContents } from '../lib/store-contents.ts';
import { formatSegment, segmentOf } from '../lib/wal-segment.ts';
import type { Logger } from '../telemetry/log.ts';
import {
  beginSegment,
  checkpoint,
  closeSegment,
  hasReplayed,
  queryArchivingTrouble,
  queryServer,
  type ServerFacts,
} from '../tools/backup-server.ts';
import type { Client } from '../tools/connection.ts';

/** Ample for an archiver that was woken up, where nothing is wrong any more. */
const TROUBLE_MS = 20_000;
const REPLAY_MS = 120_000;
const ASK_MS = 500;

/**
 * A checkpoint comes first: right after a promotion pg_control has the timeline before, by which an engine would name the backup.
 * And a backup of a standby begins at its last restartpoint: without a new one it would get the name of the backup before it,
 * and overwrite that (of an idle cluster, for days).
 *
 * @param primary of a standby, where it can be asked
 * @returns with what the primary, and nobody else, knows of the archive
 */
export async function prepareServer(
  own: Client,
  primary: Client | undefined,
  log: Logger,
  signal: AbortSignal,
): Promise<ServerFacts> {
  await assertArchiving(primary ?? own, signal);
  const { inRecovery } = await queryServer(own);
  if (inRecovery && primary) {
    const lsn = await beginSegment(primary);
    const isThere = await waitUntil(() => hasReplayed(own, lsn), REPLAY_MS, signal);
    if (!isThere) log.warn({ lsn }, 'the standby is behind its primary');
  }
  await checkpoint(own);
  const { lastArchivedWal, ...server } = await queryServer(own);
  const known = inRecovery ? primary && (await queryServer(primary)).lastArchivedWal : lastArchivedWal;
  log.info({ timeline: server.timeline, inRecovery }, 'the server is ready for a base backup');
  return { ...server, ...(known === undefined ? {} : { lastArchivedWal: known }) };
}

/** Whatever cannot be archived now would leave a backup without its WAL, after hours of reading. */
async function assertArchiving(client: Client, signal: AbortSignal): Promise<void> {
  if ((await queryArchivingTrouble(client)) === undefined) return;
  // After some failures in a row Postgres rests for a minute, unless there is a new segment.
  await closeSegment(client);
  await waitUntil(async () => (await queryArchivingTrouble(client)) === undefined, TROUBLE_MS, signal);
  const trouble = await queryArchivingTrouble(client);
  if (trouble === undefined) return;
  throw new Error(`no base backup was begun, because the WAL that it needs would not be archived: ${trouble}`);
}

async function waitUntil(holds: () => Promise<boolean>, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) return false;
    await sleep(ASK_MS, undefined, { signal });
  }
  return true;
}

/** A backup of a standby gets its name before the engine is called; one that is taken would be overwritten, part by part. */
export function assertNewName(server: ServerFacts, { backups, unusable, segmentBytes }: StoreContents): void {
  if (!server.inRecovery) return;
  const name = `base_${formatSegment(segmentOf(server.timeline, server.redoLsn, segmentBytes), segmentBytes)}`;
  const taken = [...backups, ...unusable].find((each) => each.name === name || each.name.startsWith(`${name}_D_`));
  if (!taken) return;
  throw new Error(
    `${taken.name} is in the store already, and a new backup of this standby would overwrite it: nothing has been written since, and its primary cannot be asked to; nothing was written`,
  );
}
