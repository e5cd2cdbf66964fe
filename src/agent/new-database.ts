// Loads one database of a dump beside those of a server that runs, compares it with the manifest, and has it take the place of
// another where that is asked for. Nothing that is there is written to. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { DUMP_DIR } from '../api/names.ts';
import type { LoadReport } from '../api/reports.ts';
import type { RestoredDump } from '../api/restore.ts';
import type { DumpManifest } from '../lib/dump-manifest.ts';
import { requireVariable } from '../lib/environment.ts';
import { planArchiveLoad } from '../lib/load-dump.ts';
import { asideName, choosePart, decideStep, markOf, type Part, type Wish, workName } from '../lib/new-database.ts';
import { describeDump } from '../lib/restore-words.ts';
import { type Client, type Connection, withClient } from '../tools/connection.ts';
import { describeServer } from '../tools/describe-server.ts';
import { nameDatabase } from '../tools/name-database.ts';
import { analyse, createWorkDatabase, dropWorkDatabase, readSize, readStanding } from '../tools/new-database.ts';
import type { ObjectPlace } from '../tools/object-stream.ts';
import { swapDatabases } from '../tools/swap-databases.ts';
import { type AgentContext, readContext } from './context.ts';
import { startDeadline, untilAborted } from './deadline.ts';
import { findManifest, openDumps } from './dump-choice.ts';
import { type DumpClient, openDumpClient } from './dump-client.ts';
import { compareDatabase, feedFile } from './dump-load.ts';
import { describeDifferences } from './restore-dump.ts';
import { type Progress, serveProgress } from './restore-progress.ts';
import { withDumpLock } from './server-lock.ts';
import { buildToolEnv } from './tool-env.ts';

/** For the end of a dump that runs. */
const LOCK_WAIT_MS = 3_600_000;

export async function runNewDatabase(env: NodeJS.ProcessEnv, outer?: AbortSignal): Promise<LoadReport> {
  const context = readContext('restore', env);
  const { connection, log } = context;
  const wish = JSON.parse(requireVariable(env, 'WALGUARD_NEW_DATABASE')) as Wish;
  const startedAt = performance.now();
  const stop = startDeadline('the restore', Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')), outer);
  const progress = serveProgress(context, () =>
    withClient(connection, async (client) => (await readSize(client, workName(wish))) ?? 0),
  );
  try {
    const place = await openDumps(context, stop.signal);
    const manifest = await findManifest(place, requireVariable(env, 'WALGUARD_DUMP'));
    const part = choosePart(manifest, wish.of);
    if (typeof part === 'string') throw new Error(part);
    const dump = summarise(manifest, part);
    log.info({ dump }, describeDump(dump));
    const course = withDumpLock(connection, LOCK_WAIT_MS, (client, lost) => {
      lost.addEventListener('abort', () => stop.abort(lost.reason), { once: true });
      return work({ context, wish, place, manifest, part, dump, client, progress, stop });
    });
    const done = await Promise.race([course, untilGivenUp(stop.signal)]);
    return { ok: true, dump, durationMs: Math.round(performance.now() - startedAt), ...done };
  } catch (error) {
    throw stop.signal.aborted && !(error instanceof LeftBehind) ? stop.signal.reason : error;
  } finally {
    progress.close();
  }
}

/** Longer than it takes to drop what was loaded so far. */
const GRACE_MS = 20_000;

async function untilGivenUp(signal: AbortSignal): Promise<never> {
  return untilAborted(signal).catch(async (reason) => {
    await sleep(GRACE_MS, undefined, { ref: false });
    throw reason;
  });
}

function summarise({ name, startedAt }: DumpManifest, { file, database }: Part): RestoredDump {
  const { bytes, tables, rows } = file;
  return { name, startedAt, bytes, dataBytes: database.bytes, databases: 1, tables, rows };
}

interface Job {
  readonly context: AgentContext;
  readonly wish: Wish;
  readonly place: ObjectPlace;
  readonly manifest: DumpManifest;
  readonly part: Part;
  readonly dump: RestoredDump;
  /** Holds the lock; connected to the database postgres. */
  readonly client: Client;
  readonly progress: Progress;
  readonly stop: AbortController;
}

type Done = Pick<LoadReport & { ok: true }, 'note' | 'swapMs'>;

async function work(job: Job): Promise<Done> {
  const { context, wish, manifest, part, client, stop } = job;
  const standing = await readStanding(client, wish.swap);
  const freeBytes = Number(requireVariable(context.env, 'WALGUARD_FREE_BYTES'));
  const step = decideStep(wish, part, manifest.name, { ...standing, freeBytes });
  if (step.kind === 'refused') throw new Error(step.why);
  if (context.env.WALGUARD_PLAN_ONLY === '1') return {};
  if (step.kind === 'load') await loadAside(job);
  // From here on it is short, and is not given up half-way.
  stop.signal.throwIfAborted();
  const notes = [
    ...(step.kind === 'load' ? [] : ['it was loaded and verified by an earlier run of this restore']),
    standing.databases.has(wish.of) ? LIKE(wish.of) : OWNER_ALONE,
  ];
  const note = notes.join('; ');
  if (wish.swap === undefined) return { note };
  const swapMs = await swap(context.connection, wish, wish.swap);
  return { note, ...(swapMs === undefined ? {} : { swapMs }) };
}

/** @returns for how many milliseconds nobody could connect; undefined where its end was not seen, but is there */
async function swap(connection: Connection, wish: Wish, replaced: string): Promise<number | undefined> {
  const aside = asideName(wish);
  try {
    return await swapDatabases(connection, { replaced, by: wish.name, aside });
  } catch (error) {
    const look = withClient(connection, (client) => readStanding(client, undefined));
    const now = await look.catch(() => undefined);
    if (now?.databases.has(aside)) return undefined;
    const state = now === undefined ? 'and whether it did is not known' : 'which is as it was';
    throw new Error(
      `"${wish.name}" is loaded and verified, but could not take the place of "${replaced}", ${state}: ${(error as Error).message}. Try again with a Restore of the same name`,
      { cause: error },
    );
  }
}

const LIKE = (of: string) =>
  `its owner, rights, settings and connection limit are those that "${of}" had on this server, not the dump's; security labels are not carried over`;
const OWNER_ALONE =
  'its owner is that of the dump; rights and settings of the database itself are not restored beside others';

/** What was loaded so far could not be dropped, which is to be told whatever else went wrong. */
class LeftBehind extends Error {}

/** Under a name of its own, which goes where anything fails. */
async function loadAside(job: Job): Promise<void> {
  const { context, wish, part, manifest, client, stop } = job;
  const name = workName(wish);
  // A run before this one broke off.
  await dropWorkDatabase(client, name);
  const { identity } = await describeServer(context.connection);
  const tools = openDumpClient(DUMP_DIR, await buildToolEnv(context, 'walguard restore', identity.major), stop);
  try {
    await createWorkDatabase(client, name, part.database);
    await Promise.race([fill(job, tools, name), untilAborted(stop.signal)]);
    const mark = markOf(wish, manifest.name);
    const { owner } = part.database;
    await nameDatabase(client, { work: name, name: wish.name, mark, like: wish.of, owner });
  } catch (error) {
    await withClient(context.connection, (other) => dropWorkDatabase(other, name)).catch((left: Error) => {
      throw new LeftBehind(`${(error as Error).message}; and "${name}" is left, drop it: ${left.message}`, {
        cause: error,
      });
    });
    throw error;
  } finally {
    tools.close();
  }
}

async function fill(
  { context, place, manifest, part, dump, progress }: Job,
  tools: DumpClient,
  name: string,
): Promise<void> {
  const { connection, log } = context;
  await progress.beginLoad(dump);
  const loading = feedFile(tools, planArchiveLoad(name), place, manifest, part.file, connection.user);
  await loading.catch((error: Error) => {
    const file = `${manifest.name}/${part.file.path}`;
    throw new Error(`${file} could not be restored: ${error.message}`, { cause: error });
  });
  const differences = await compareDatabase({ ...connection, database: name }, part.database);
  if (differences.length > 0) throw new Error(describeDifferences(manifest.name, differences));
  log.info({ rows: dump.rows, tables: dump.tables }, 'all of the database is there');
  await analyse({ ...connection, database: name });
}
