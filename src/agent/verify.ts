// The verify job: holds the store against itself and against what Postgres says. It writes nothing and takes no lock.
// Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerifyReport } from '../api/reports.ts';
import { readRetentionRules } from '../companion/verify.ts';
import { clusterIdOf } from '../lib/cluster-identity.ts';
import type { RetentionRules } from '../lib/retention.ts';
import type { Server } from '../lib/verification/facts.ts';
import { capFindings, type Verdict, verifyStore } from '../lib/verification.ts';
import { queryArchiveStatus, queryCurrentSegment } from '../tools/archive-status.ts';
import { queryServer, type ServerFacts } from '../tools/backup-server.ts';
import { withClient } from '../tools/connection.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import { buildStoreEnv } from './base-backup-push.ts';
import { type AgentContext, readContext } from './context.ts';
import { readEnds } from './inventory.ts';

/** What is found is looked for once more: a clean-up may have been under way, or the store's listing behind. */
const SECOND_LOOK_MS = 20_000;

/** Of the 4096 that Kubernetes reads: the rest is for the inventory and its eight windows. */
const MAX_FINDINGS_BYTES = 2600;

export async function runVerify(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<VerifyReport> {
  const context = readContext('verify', env);
  const retention = readRetentionRules(env);
  const startedAt = Date.now();
  let look = await lookOnce(context, retention);
  if (look && look.verdict.findings.length > 0) {
    context.log.info({ findings: look.verdict.findings }, 'something was found; looking once more');
    const pauseMs = Number(env.WALGUARD_SECOND_LOOK_MS ?? SECOND_LOOK_MS);
    await sleep(pauseMs, undefined, signal ? { signal } : {});
    look = await lookOnce(context, retention);
  }
  if (!look) return { ok: true, skipped: 'standby' };
  const { verdict, server } = look;
  context.log.info({ findings: verdict.findings }, 'verified');
  return {
    ok: verdict.findings.length === 0,
    ...verdict,
    findings: capFindings(verdict.findings, MAX_FINDINGS_BYTES),
    clusterId: clusterIdOf(server),
    durationMs: Date.now() - startedAt,
  };
}

interface Look {
  readonly verdict: Verdict;
  readonly server: ServerFacts;
}

/** Undefined on a standby: its primary knows what was archived. */
async function lookOnce(context: AgentContext, retention: RetentionRules | undefined): Promise<Look | undefined> {
  const { engine, connection } = context;
  const asked = await withClient(connection, async (client) => {
    const server = await queryServer(client);
    return server.inRecovery ? undefined : { server, archiving: await queryArchiveStatus(client) };
  });
  if (!asked) return undefined;
  const { server, archiving } = asked;
  const env = await buildStoreEnv(context, server);
  const listed = await readStoreContents(engine, env, server.segmentBytes);
  const currentSegment = await withClient(connection, queryCurrentSegment);
  const contents = await readEnds(engine, env, listed, server.systemIdentifier, archiving);
  const { systemIdentifier } = server;
  // Of the segment: pg_control has the timeline before for a while after a promotion.
  const timeline = Number.parseInt(currentSegment.slice(0, 8), 16);
  const facts: Server = { ...archiving, systemIdentifier, timeline, currentSegment };
  return { verdict: verifyStore(contents, facts, retention), server };
}
