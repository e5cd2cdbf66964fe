// The prune job: where the policy gives clean-ups a schedule of their own. Needs SQL and the store, not the data directory.
// Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { PruneReport } from '../api/reports.ts';
import { type PruneTerms, readPruneTerms } from '../companion/prune.ts';
import { clusterIdOf } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import { decidePruneTurn, type PruneTurn } from '../lib/prune-turn.ts';
import { parseSegment } from '../lib/wal-segment.ts';
import { queryCurrentSegment } from '../tools/archive-status.ts';
import { queryServer, type ServerFacts } from '../tools/backup-server.ts';
import { withClient } from '../tools/connection.ts';
import { tryBackupLock } from '../tools/postgres.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import { buildStoreEnv } from './base-backup-push.ts';
import { type AgentContext, readContext } from './context.ts';
import { inventoryOf } from './inventory.ts';
import { assertOwner } from './owner.ts';
import { assertNoDoubt, prune } from './prune.ts';
import { withBackupLock } from './server-lock.ts';

const LOOK_MS = 15_000;

export async function runPrune(env: NodeJS.ProcessEnv, stop?: AbortSignal): Promise<PruneReport> {
  const context = readContext('prune', env);
  const terms = readPruneTerms(env);
  if (!terms) throw new Error('the policy has no retention; nothing was removed');
  const timeout = AbortSignal.timeout(Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000);
  const signal = AbortSignal.any(stop ? [stop, timeout] : [timeout]);
  for (;;) {
    const report = await attempt(context, terms, signal);
    if (report) return report;
    // Each time anew: no connection is held while hours of a base backup go by.
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {
      throw new Error('a base backup ran, or was due, for all the time that this job had; nothing was removed');
    });
  }
}

/** Undefined while a base backup runs or is about to. */
async function attempt(
  context: AgentContext,
  terms: PruneTerms,
  signal: AbortSignal,
): Promise<PruneReport | undefined> {
  const server = await withClient(context.connection, queryServer);
  if (server.inRecovery) return { ok: true, skipped: 'standby' };
  if (!(await withClient(context.connection, tryBackupLock))) return undefined;
  return withBackupLock(context.connection, (_, lost) =>
    pruneOnTurn(context, terms, server, AbortSignal.any([signal, lost])),
  );
}

async function pruneOnTurn(
  context: AgentContext,
  terms: PruneTerms,
  server: ServerFacts,
  signal: AbortSignal,
): Promise<PruneReport | undefined> {
  const { engine, log } = context;
  const { segmentBytes } = server;
  const env = await buildStoreEnv(context, server);
  const before = await readStoreContents(engine, env, segmentBytes);
  const timeline = await queryTimeline(context);
  const now = new Date().toISOString();
  // First: by a clock that is wrong the turn would be told wrongly, too.
  assertNoDoubt(before, timeline, now);
  const turn: PruneTurn = decidePruneTurn(before, terms.baseBackup, now);
  if (turn.kind === 'wait') return undefined;
  if (turn.kind === 'leave') return { ok: true, skipped: `${turn.why}; nothing was removed` };
  await assertOwner(context, env);
  const { outcome, contents } = await prune({ engine, log, env, segmentBytes, signal }, before, terms, timeline);
  if (!outcome.ok) throw new Error(outcome.message);
  const inventory = await inventoryOf(engine, env, contents, server.systemIdentifier);
  return { ok: true, prune: outcome, inventory, clusterId: clusterIdOf(server) };
}

/** Of the segment that is written: pg_control has the timeline before for a while after a promotion. */
async function queryTimeline({ connection }: AgentContext): Promise<number> {
  const segment = await withClient(connection, queryCurrentSegment);
  const timeline = parseSegment(segment)?.timeline;
  if (timeline === undefined) throw new Error(`${segment}, which Postgres writes, is no name of a segment`);
  return timeline;
}
