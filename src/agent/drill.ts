// The drill job: brings a moment of the database back into a disposable copy, has its own image run that, and looks at it. It
// writes nothing into the store but evidence. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { DRILL_DIR, POSTGRES_PORT } from '../api/names.ts';
import type { DrillReport } from '../api/reports.ts';
import { delayLeft } from '../lib/cron-spread.ts';
import { adviseChecks, adviseTrouble, judgeChecks, judgeTrouble } from '../lib/drill/outcome.ts';
import { describeChecks } from '../lib/drill/report.ts';
import { digestEngine, readEngineVersion } from '../tools/engine.ts';
import { type AgentContext, readContext } from './context.ts';
import { startDeadline } from './deadline.ts';
import { buildRecord, buildReport, type Course } from './drill-course.ts';
import { copyDirectory, type DrillOptions, readDrillOptions } from './drill-options.ts';
import { rehearse } from './drill-rehearsal.ts';
import { askForPrefix, lookAround } from './drill-source.ts';
import { TooOldError } from './drill-stage.ts';
import { type EvidenceDraft, writeEvidence } from './evidence.ts';
import { buildEngineEnv, requireCredentials } from './storage.ts';

const KEEP_TIMEOUT_MS = 120_000;

/** Throws where it could not even begin: then nothing is known of the cluster, and the agent says why. */
export async function runDrill(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<DrillReport> {
  const options = readDrillOptions(env);
  const source = readContext('drill', env);
  const stop = startDeadline('the drill', options.timeoutSeconds, signal);
  try {
    await sleep(delayLeft(options.job, options.delaySeconds, Date.now()) * 1000, undefined, { signal: stop.signal });
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
  const startedAt = new Date();
  const storagePrefix = options.storagePrefix ?? (await askForPrefix(source));
  const context = toCopy(source, options);
  const engineEnv = buildEngineEnv(context, storagePrefix, await requireCredentials());
  const engine = await readEngineVersion(context.engine, engineEnv);
  const digests = await digestEngine(context.engine);
  const course: Course = { startedAt, storagePrefix, phases: [], checks: [], engine, digests };
  const { outcome, message } = await conclude(context, options, course, engineEnv, stop);

  const draft = buildRecord(context, options, course, outcome, message);
  context.log.info({ evidence: draft }, 'the drill has ended');
  // Not by the drill's own signal: a drill that ran out of time is evidence too.
  const kept = await writeEvidence(source, draft, { signal: AbortSignal.timeout(KEEP_TIMEOUT_MS) });
  return buildReport(draft, course, kept.ok ? kept.id : undefined);
}

/** The same world with the copy for the database, reached by the socket in the directory of both containers. */
function toCopy(source: AgentContext, { mount }: DrillOptions): AgentContext {
  const connection = { host: DRILL_DIR, port: POSTGRES_PORT, user: source.connection.user };
  return { ...source, pgdata: copyDirectory(source.pgdata, mount), connection };
}

async function conclude(
  context: AgentContext,
  options: DrillOptions,
  course: Course,
  engineEnv: NodeJS.ProcessEnv,
  stop: AbortController,
): Promise<Pick<EvidenceDraft, 'outcome' | 'message'>> {
  try {
    await rehearse(context, options, course, engineEnv, stop);
    const { checks, rtoSeconds = 0 } = course;
    const told = describeChecks(checks, rtoSeconds, options.objectives.rtoSeconds);
    const advice = adviseChecks(checks, options.source);
    return { outcome: judgeChecks(checks), message: advice === '' ? told : `${told}. ${advice}` };
  } catch (error) {
    const { message } = (stop.signal.aborted ? stop.signal.reason : error) as Error;
    if (error instanceof TooOldError) return { outcome: 'unknown', message };
    const trouble = await lookAround(context, engineEnv, message, stop.signal.aborted);
    const advice = adviseTrouble(trouble, options.source);
    return { outcome: judgeTrouble(trouble), message: `${message}. ${advice}` };
  }
}
