// A drill of base backup and WAL: choose, fetch, start, replay, look. Each step leaves in the course what it found. Room: agent (door).
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RECOVERY_ENGINE_SOCKET, RECOVERY_SOCKET } from '../api/names.ts';
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { ControlData } from '../lib/drill/control-data.ts';
import { type EndOfWal, judgeEndOfWal, type ReachedEnd } from '../lib/drill/end-of-wal.ts';
import { chooseMoment } from '../lib/drill/target.ts';
import type { DumpManifest } from '../lib/dump-manifest.ts';
import { judgeBackups } from '../lib/good-backups.ts';
import { planRestore, type RestorePlan } from '../lib/restore-plan.ts';
import { quoteCommand } from '../lib/shell.ts';
import type { StoreContents } from '../lib/store-contents.ts';
import { buildInventory } from '../lib/windows.ts';
import { readStoreContents } from '../tools/store-contents.ts';
import type { AgentContext } from './context.ts';
import { publish, type Running, startDaemon, stopDaemon } from './daemon-process.ts';
import { assertEmpty, prepareRecovery } from './data-directory.ts';
import { checkRunning, createLook, type Seen } from './drill-checks.ts';
import { type Copy, readControlData, readReachedEnd, startCopy } from './drill-copy.ts';
import { beginPhase, type Course, toSeconds } from './drill-course.ts';
import type { DrillOptions } from './drill-options.ts';
import { placeDumps, readManifest } from './drill-source.ts';
import { checkStopped, type Stage, TooOldError } from './drill-stage.ts';
import { fetchBackup, readStored } from './restore-fetch.ts';
import { searchWal } from './restore-search.ts';
import { installRestoreScript } from './scripts.ts';
import { readEncryptionKeyId, requireCredentials } from './storage.ts';

export async function rehearseRecovery(stage: Stage): Promise<void> {
  const { context, course } = stage;
  const contents = await readStored(context, stage.env, course.storagePrefix, stage.signal);
  const plan = await planDrill(stage, contents);
  course.baseBackup = plan.baseBackup.name;
  context.log.info({ backup: plan.baseBackup.name, target: plan.target, wal: plan.wal }, 'fetching');

  const daemon = await serveReplay(context, course.storagePrefix);
  try {
    const begin = performance.now();
    await fetchCopy(stage, plan);
    const before = await readControlData(stage.client, context.pgdata);
    const { copy, end } = await replay(stage, plan, before, begin);
    const endPhase = beginPhase(course, { name: 'checks' });
    await check(stage, contents, plan, { copy, before, end });
    endPhase();
  } finally {
    await stopDaemon(daemon);
  }
}

async function planDrill(
  { context, options, course, env, signal }: Stage,
  contents: StoreContents,
): Promise<RestorePlan> {
  const { systemIdentifier } = parseStoragePrefix(course.storagePrefix);
  const { recoveryWindows } = buildInventory(contents, judgeBackups(contents, systemIdentifier));
  const now = course.startedAt.getTime();
  const chosen = chooseMoment(options, recoveryWindows, now, contents.newestAt, Math.random());
  if ('tooOld' in chosen)
    throw new TooOldError(`${chosen.tooOld}. Shorten the lag, or wait until there are backups that old`);
  course.target = chosen.target;
  const plan = planRestore(contents, chosen.target, await searchWal(context, env, contents, chosen.target, signal));
  course.target = { ...plan.target };
  return plan;
}

async function fetchCopy({ context, course, env, signal, options }: Stage, plan: RestorePlan): Promise<void> {
  const { pgdata, engine } = context;
  const baseBackup = plan.baseBackup.name;
  await mkdir(pgdata, { recursive: true, mode: 0o700 });
  await assertEmpty(pgdata);
  const command = quoteCommand([engine.binary, ...engine.backupFetchArgs(pgdata, baseBackup)]);
  const endPhase = beginPhase(course, { name: 'fetch', bytes: plan.fetchBytes, command });
  try {
    await fetchBackup(context, env, baseBackup, { timeoutMs: options.timeoutSeconds * 1000, signal });
    await prepareRecovery(pgdata, plan.target);
  } finally {
    endPhase();
  }
}

/** Through the gate, which serves WAL files for the copy's pg_wal and nothing else. */
async function serveReplay(context: AgentContext, prefix: string): Promise<Running> {
  await installRestoreScript();
  const encryptionKeyId = await readEncryptionKeyId(context.env);
  const daemon = await startDaemon(context, {
    role: 'recovery',
    socket: RECOVERY_SOCKET,
    engineSocket: RECOVERY_ENGINE_SOCKET,
    prefix,
    credentials: await requireCredentials(),
    ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }),
  });
  await publish(daemon);
  return daemon;
}

interface Came {
  readonly copy: Copy;
  readonly before: ControlData;
  readonly end: ReachedEnd | undefined;
}

async function replay(
  { context, options, course, client, signal }: Stage,
  plan: RestorePlan,
  { maxPreparedTransactions }: ControlData,
  begin: number,
): Promise<Pick<Came, 'copy' | 'end'>> {
  const { pgdata, connection } = context;
  const { major } = parseStoragePrefix(course.storagePrefix);
  const hasConf = await stat(join(pgdata, 'postgresql.conf')).then(
    () => true,
    () => false,
  );
  const terms = { pgdata, major, options: options.serverOptions, hasConf, maxPreparedTransactions };
  let endPhase = beginPhase(course, { name: 'start' });
  try {
    const { copy } = await startCopy(client, connection, terms, signal);
    const promoted = await copy.untilPromoted(() => {
      endPhase();
      endPhase = beginPhase(course, { name: 'replay', ...(plan.wal ? { bytes: plan.wal.bytes } : {}) });
    });
    course.rtoSeconds = toSeconds(performance.now() - begin);
    course.postgres = promoted.version;
    noteLast(course, options, promoted.lastTransactionAt);
    const lsn = await readReachedEnd(pgdata, promoted.log.newTimeline);
    const { damage } = promoted.log;
    return { copy, end: lsn === undefined ? undefined : { lsn, ...(damage === undefined ? {} : { damage }) } };
  } finally {
    endPhase();
  }
}

function noteLast(course: Course, { target }: DrillOptions, lastTransactionAt: string | undefined): void {
  if (lastTransactionAt === undefined) return;
  course.lastTransactionAt = lastTransactionAt;
  if (target !== 'latest') return;
  course.achievedRpoSeconds = toSeconds(Math.max(0, course.startedAt.getTime() - Date.parse(lastTransactionAt)));
}

async function check(stage: Stage, contents: StoreContents, plan: RestorePlan, came: Came): Promise<void> {
  const { context, options, course, signal } = stage;
  const look = createLook(course.checks, signal);
  await look('base-backup', async () => judgeNewer(contents, plan));
  if (options.target === 'latest') await look('end-of-wal', () => checkEnd(stage, contents, plan, came.end));
  const dump = await findNewestDump(stage);
  await checkRunning(look, context.connection, options, dump);
  await checkStopped(stage, look, came.copy, came.before);
}

/** To compare with; a drill of base backups does not hang on it. */
async function findNewestDump({ context, options, course, env, signal }: Stage): Promise<DumpManifest | undefined> {
  return readManifest(placeDumps(context, env, course.storagePrefix, options.dumpDestination, signal)).catch(
    (error: Error) => {
      context.log.warn({ error: error.message }, 'the newest dump cannot be compared with');
      return undefined;
    },
  );
}

/** A restore would have taken a newer one, were it good. */
function judgeNewer(contents: StoreContents, { baseBackup }: RestorePlan): Seen {
  const judged = judgeBackups(contents);
  const at = judged.findIndex(({ backup }) => backup.name === baseBackup.name);
  const bad = judged.slice(at).filter(({ flaw }) => flaw !== undefined);
  const expected = 'no newer one is damaged';
  if (bad.length === 0) return { result: 'passed', expected, seen: baseBackup.name };
  const told = bad.slice(0, 3).map(({ backup, flaw }) => `${backup.name} (${flaw})`);
  return { result: 'failed', expected, seen: `${baseBackup.name}, because of ${told.join(', ')}` };
}

async function checkEnd(
  { context, options, env, signal }: Stage,
  contents: StoreContents,
  { baseBackup }: RestorePlan,
  end: ReachedEnd | undefined,
): Promise<Seen> {
  if (end === undefined) return { result: 'unknown', seen: 'Postgres did not say where its recovery ended' };
  const { missing, ...seen }: EndOfWal = judgeEndOfWal(contents, baseBackup, end);
  if (missing === undefined) return seen;
  // Engines store several segments at a time: it may only have been late.
  await sleep(options.secondLookMs, undefined, { signal });
  const { segments } = await readStoreContents(context.engine, env, contents.segmentBytes, signal);
  if (!segments.some(({ name }) => name === missing)) return seen;
  return { ...seen, result: 'unknown', seen: `${seen.seen}; ${missing} was stored meanwhile` };
}
