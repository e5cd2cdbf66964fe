// What follows once the engine has made a base backup: its WAL, then the clean-up, then who is told. Room: agent (door).
import type { Backup } from '../api/protected-database.ts';
import type { BaseBackupReport, PruneOutcome } from '../api/reports.ts';
import { readPruneTerms } from '../companion/prune.ts';
import { clusterIdOf } from '../lib/cluster-identity.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import { closeSegment, type ServerFacts } from '../tools/backup-server.ts';
import type { Client } from '../tools/connection.ts';
import { pushGauge } from '../tools/pushgateway.ts';
import type { BaseBackupOptions } from './base-backup-options.ts';
import { waitForWal } from './base-backup-wal.ts';
import type { AgentContext } from './context.ts';
import { inventoryOf } from './inventory.ts';
import { pruneAfterBackup, type Shelf } from './prune.ts';

export interface Made {
  readonly backup: Backup;
  readonly server: ServerFacts;
  /** Of the engine. */
  readonly env: NodeJS.ProcessEnv;
}

type Good = Extract<BaseBackupReport, { backup: unknown }>;
export type Taken = Pick<Good, 'backup' | 'firstFinishedAt' | 'clusterId' | 'inventory' | 'prune'>;

/** As long as the engines of other operators wait at the end of a backup. */
const WAL_MS = 600_000;

export interface Finishing {
  /** That archives; undefined where it cannot be asked. */
  readonly primary: Client | undefined;
  /** Unix milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** @throws Error where the backup does not count */
export async function finishBackup(
  context: AgentContext,
  { backup, server, env }: Made,
  { primary, deadline, signal }: Finishing,
): Promise<Taken> {
  const { engine, node } = context;
  // A primary closes its own segment at the end of a backup; a standby cannot.
  if (server.inRecovery && primary) await closeSegment(primary);
  const shelf = { engine, env, segmentBytes: server.segmentBytes };
  const until = Math.min(Date.now() + WAL_MS, deadline);
  const { contents: stored } = await waitForWal(shelf, backup.name, primary, until, signal);
  const { contents, ...pruned } = await cleanUp(context, shelf, stored, backup.name, deadline, signal);
  return {
    backup: { ...backup, node },
    firstFinishedAt: contents.backups[0]?.finishedAt ?? backup.finishedAt,
    clusterId: clusterIdOf(server),
    inventory: await inventoryOf(engine, env, contents, server.systemIdentifier),
    ...pruned,
  };
}

/** Left of the job's time for its report, in milliseconds. */
const REPORT_MS = 15_000;

/** Where the policy prunes after each good base backup. What is left then. */
async function cleanUp(
  { engine, log, env }: AgentContext,
  shelf: Pick<Shelf, 'env' | 'segmentBytes'>,
  contents: StoreContents,
  made: string,
  deadline: number,
  stop: AbortSignal,
): Promise<{ readonly contents: StoreContents; readonly prune?: PruneOutcome }> {
  const terms = readPruneTerms(env);
  if (!terms) return { contents };
  const signal = AbortSignal.any([stop, AbortSignal.timeout(Math.max(0, deadline - REPORT_MS - Date.now()))]);
  const pruned = await pruneAfterBackup({ ...shelf, engine, log, signal }, contents, terms, made);
  return { contents: pruned.contents, prune: pruned.outcome };
}

/** One that could not be told does not make the backup a bad one. */
export async function tellPushgateway(
  { namespace, database, pod, log }: AgentContext,
  { pushgateway, instance }: BaseBackupOptions,
  finishedAt: string,
): Promise<Pick<Good, 'pushgateway'>> {
  if (!pushgateway) return {};
  const { url, metric } = pushgateway;
  try {
    await pushGauge({
      url,
      name: metric,
      value: Math.floor(Date.parse(finishedAt) / 1000),
      group: [
        ['job', 'walguard'],
        ['namespace', namespace],
        ['database', database],
        ['instance', instance || pod],
      ],
    });
    return { pushgateway: { ok: true } };
  } catch (error) {
    const { message } = error as Error;
    log.warn({ error: message }, 'the Pushgateway was not told');
    return { pushgateway: { ok: false, message } };
  }
}
