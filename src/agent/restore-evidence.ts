// The job that keeps the evidence of a Restore: once, however often it is run, and again and again until the store takes it.
// Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { EvidenceRecord } from '../api/evidence.ts';
import { WALGUARD_VERSION } from '../api/names.ts';
import type { RestoreEvidenceReport } from '../api/reports.ts';
import { placesOf } from '../lib/aside.ts';
import { nameIncarnation } from '../lib/cluster-identity.ts';
import { requireVariable } from '../lib/environment.ts';
import { mayBeOf } from '../lib/evidence/id.ts';
import type { RestoreFacts } from '../lib/evidence/restore.ts';
import { quoteCommand } from '../lib/shell.ts';
import { digestEngine, readEngineVersion } from '../tools/engine.ts';
import { type AgentContext, readContext } from './context.ts';
import { type EvidenceDraft, writeEvidence } from './evidence.ts';
import { listEvidence, placeEvidence, readRecord } from './evidence-store.ts';
import { buildEngineEnv, requireCredentials } from './storage.ts';

const PAUSE_MS = 60_000;

/** Never throws for a store that is away: it tries until its time is up, and says what was wrong the last time. */
export async function runRestoreEvidence(env: NodeJS.ProcessEnv, stop: AbortSignal): Promise<RestoreEvidenceReport> {
  const context = readContext('restore-evidence', env);
  const facts = JSON.parse(requireVariable(env, 'WALGUARD_RESTORE_FACTS')) as RestoreFacts;
  const timeoutMs = Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')) * 1000;
  const deadline = performance.now() + timeoutMs;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
  for (;;) {
    const kept = await keep(context, facts, signal).catch(
      (error: Error): RestoreEvidenceReport => ({ ok: false, message: error.message }),
    );
    if (kept.ok || performance.now() + PAUSE_MS > deadline) return kept;
    context.log.warn({ error: kept.message }, 'no evidence yet; trying again in a minute');
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return kept;
  }
}

async function keep(context: AgentContext, facts: RestoreFacts, signal: AbortSignal): Promise<RestoreEvidenceReport> {
  const credentials = await requireCredentials();
  const place = placeEvidence(context, facts.database, credentials, signal);
  const known = await findOwn(place, facts);
  if (known !== undefined) return { ok: true, evidence: known, doubts: [] };
  const engine = await readEngineVersion(context.engine, buildEngineEnv(context, place.prefix, credentials));
  const own = { walguard: WALGUARD_VERSION, engine, digests: await digestEngine(context.engine) };
  const written = await writeEvidence(context, complete(context, facts, own), { signal, credentials });
  return written.ok ? { ok: true, evidence: written.id, doubts: written.doubts } : written;
}

/** Of this very Restore: its job was lost after it had written, or was made a second time. */
async function findOwn(place: ReturnType<typeof placeEvidence>, { name, restore }: RestoreFacts) {
  const files = await listEvidence(place);
  for (const file of files.filter((each) => mayBeOf(each.name, name)).toReversed()) {
    const parsed = await readRecord(place, file);
    if ('value' in parsed && parsed.value.restore?.uid === restore.uid) return file.name;
  }
  return undefined;
}

function complete(context: AgentContext, facts: RestoreFacts, own: EvidenceRecord['versions']): EvidenceDraft {
  const { versions, phases, recovery } = facts;
  const command = recovery && describeFetch(context, facts, recovery.baseBackup);
  return {
    ...facts,
    what: 'restore',
    // What was not read to its end may not even have begun.
    phases: phases.map((phase) =>
      phase.name === 'fetch' && phase.bytes !== undefined && command ? { ...phase, command } : phase,
    ),
    versions: { ...own, ...versions },
  };
}

/** One in place has looked first, and fetches beside the data directory. */
function describeFetch({ engine, pgdata }: AgentContext, { name, phases, startedAt }: RestoreFacts, backup: string) {
  const isInPlace = phases.some((phase) => phase.name === 'look');
  const directory = isInPlace ? placesOf(pgdata, name, nameIncarnation(startedAt)).work : pgdata;
  return quoteCommand([engine.binary, ...engine.backupFetchArgs(directory, backup)]);
}
