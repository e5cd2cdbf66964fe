// Fills an empty volume with a cluster of its own and a dump in it, which the workload's own image makes and loads in the container
// beside this one. What does not come back whole fails. Room: agent (door).
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DRILL_DIR, POSTGRES_PORT } from '../api/names.ts';
import type { LoadReport } from '../api/reports.ts';
import type { RestoredDump } from '../api/restore.ts';
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { DumpManifest } from '../lib/dump-manifest.ts';
import { toolPath } from '../lib/dump-plan.ts';
import { requireVariable } from '../lib/environment.ts';
import { buildAccess, planCluster } from '../lib/load-dump.ts';
import { describeDump } from '../lib/restore-words.ts';
import { hasMd5Passwords } from '../tools/copy-queries.ts';
import type { ObjectPlace } from '../tools/object-stream.ts';
import { type AgentContext, readContext } from './context.ts';
import { assertEmpty, fetchInto, settle } from './data-directory.ts';
import { startDeadline, untilAborted } from './deadline.ts';
import { type Copy, readControlData, runTool, startCopy } from './drill-copy.ts';
import { findManifest, openDumps } from './dump-choice.ts';
import { type DumpClient, openDumpClient } from './dump-client.ts';
import { compareWithManifest, initialise, loadDump } from './dump-load.ts';
import { serveProgress } from './restore-progress.ts';

export async function runLoad(env: NodeJS.ProcessEnv, outer?: AbortSignal): Promise<LoadReport> {
  const context = readContext('restore', env);
  const { log, pgdata } = context;
  const startedAt = performance.now();
  const stop = startDeadline('the restore', Number(requireVariable(env, 'WALGUARD_TIMEOUT_SECONDS')), outer);
  const progress = serveProgress(context);
  try {
    const isPlanOnly = env.WALGUARD_PLAN_ONLY === '1';
    if (!isPlanOnly) await assertEmpty(pgdata);
    const place = await openDumps(context, stop.signal);
    const manifest = await findManifest(place, requireVariable(env, 'WALGUARD_DUMP'));
    const dump = summarise(manifest);
    log.info({ dump }, describeDump(dump));
    const notes =
      manifest.shrank === undefined ? [] : [`the dump is much smaller than the one before: ${manifest.shrank}`];
    if (!isPlanOnly) {
      await progress.beginLoad(dump);
      notes.push(...(await fill(context, place, manifest, stop)));
    }
    const durationMs = Math.round(performance.now() - startedAt);
    return { ok: true, dump, durationMs, ...(notes.length > 0 ? { note: notes.join('; ') } : {}) };
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    progress.close();
  }
}

function summarise({ name, startedAt, bytes, databases, tables, rows }: DumpManifest): RestoredDump {
  const dataBytes = databases.reduce((total, database) => total + database.bytes, 0);
  return { name, startedAt, bytes, dataBytes, databases: databases.length, tables, rows };
}

/** @returns what the user should know of it */
async function fill(
  context: AgentContext,
  place: ObjectPlace,
  manifest: DumpManifest,
  stop: AbortController,
): Promise<string[]> {
  const { major } = parseStoragePrefix(requireVariable(context.env, 'WALGUARD_SOURCE_PREFIX'));
  // Closed, it ends the other container, and with that the server in it.
  const client = openDumpClient(DRILL_DIR, { PATH: toolPath(major), LC_ALL: 'C' }, stop);
  const notes = [WITHOUT];
  try {
    const filling = fetchInto(context.pgdata, async (pgdata) => {
      notes.push(...(await makeCluster({ ...context, pgdata }, client, place, manifest, stop.signal)));
    });
    await Promise.race([filling, untilAborted(stop.signal)]);
    await settle(context.pgdata);
    return notes;
  } finally {
    client.close();
  }
}

const WITHOUT =
  'a dump holds no postgresql.conf, no ALTER SYSTEM and no pg_hba.conf: those are as initdb and the template have them';

async function makeCluster(
  context: AgentContext,
  client: DumpClient,
  place: ObjectPlace,
  manifest: DumpManifest,
  signal: AbortSignal,
): Promise<string[]> {
  const { pgdata, log } = context;
  const { user } = context.connection;
  const connection = { host: DRILL_DIR, port: POSTGRES_PORT, user };
  await initialise(client, pgdata, [...planCluster(manifest, user), '--data-checksums']);
  const copy = await start(context, client, connection, signal);
  await loadDump({ client, connection }, place, manifest);
  const differences = await compareWithManifest(connection, manifest);
  if (differences.length > 0) throw new Error(describeDifferences(manifest.name, differences));
  log.info({ rows: manifest.rows, tables: manifest.tables }, 'all of the dump is there');
  const analysed = runTool(client, ['vacuumdb', '-h', DRILL_DIR, '-U', user, '--all', '--analyze-only', '--quiet']);
  const notes = await analysed.then(
    () => [],
    (error: Error) => [`ANALYZE failed, run it yourself: ${error.message}`],
  );
  await writeFile(join(pgdata, 'pg_hba.conf'), buildAccess(await hasMd5Passwords(connection)), { mode: 0o600 });
  await writeFile(join(pgdata, 'postgresql.conf'), "\nlisten_addresses = '*'\n", { flag: 'a' });
  await copy.stop();
  const { state } = await readControlData(client, pgdata);
  if (state !== 'shut down') throw new Error(`the new database was not stopped cleanly, it is "${state}"`);
  return notes;
}

async function start(
  { env, pgdata }: AgentContext,
  client: DumpClient,
  connection: { readonly host: string; readonly port: number; readonly user: string },
  signal: AbortSignal,
): Promise<Copy> {
  const { major } = parseStoragePrefix(requireVariable(env, 'WALGUARD_SOURCE_PREFIX'));
  const options = JSON.parse(env.WALGUARD_SERVER_OPTIONS || '[]') as string[];
  const terms = { pgdata, major, options, hasConf: true, maxPreparedTransactions: 0 };
  const { copy } = await startCopy(client, connection, terms, signal);
  await copy.untilPromoted(() => undefined);
  return copy;
}

const MAX_TOLD = 5;

export function describeDifferences(dump: string, differences: readonly string[]): string {
  const more = differences.length > MAX_TOLD ? `, and ${differences.length - MAX_TOLD} more` : '';
  return `what came back of ${dump} is not what its manifest says: ${differences.slice(0, MAX_TOLD).join(', ')}${more}`;
}
