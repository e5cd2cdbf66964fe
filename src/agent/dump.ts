// The dump job: has the database's own tools dump it, counts and stores what they write, reads it back, and only then lists
// it by its manifest. Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { DUMP_DIR, WALGUARD_VERSION } from '../api/names.ts';
import type { DumpReport } from '../api/reports.ts';
import { clusterIdOf } from '../lib/cluster-identity.ts';
import { delayLeft } from '../lib/cron-spread.ts';
import { type DumpManifest, describeDatabases, findShrinking, MANIFEST, nameDump } from '../lib/dump-manifest.ts';
import { planFiles } from '../lib/dump-plan.ts';
import { requireVariable } from '../lib/environment.ts';
import { describeServer, type ServerDescription } from '../tools/describe-server.ts';
import { type AgentContext, readContext } from './context.ts';
import { startDeadline } from './deadline.ts';
import { type DumpClient, openDumpClient } from './dump-client.ts';
import { makeFile, type WrittenFile } from './dump-file.ts';
import { type DumpStore, openDumpStore } from './dump-store.ts';
import { withDumpLock } from './server-lock.ts';
import { buildToolEnv } from './tool-env.ts';

interface DumpOptions extends Pick<DumpManifest, 'tool' | 'format'> {
  /** storage | volume */
  readonly destination: string;
  readonly keepSeconds: number;
  readonly timeoutSeconds: number;
  /** The database pod. */
  readonly instance: string;
  readonly job: string;
  readonly delaySeconds: number;
}

function readOptions(env: NodeJS.ProcessEnv): DumpOptions {
  const required = (name: string) => requireVariable(env, name);
  return {
    tool: required('WALGUARD_DUMP_TOOL') as DumpOptions['tool'],
    format: required('WALGUARD_DUMP_FORMAT') as DumpOptions['format'],
    destination: required('WALGUARD_DUMP_DESTINATION'),
    keepSeconds: Number(required('WALGUARD_DUMP_KEEP_SECONDS')),
    timeoutSeconds: Number(required('WALGUARD_TIMEOUT_SECONDS')),
    instance: required('WALGUARD_INSTANCE'),
    job: env.WALGUARD_JOB ?? '',
    delaySeconds: Number(env.WALGUARD_DELAY_SECONDS || 0),
  };
}

export async function runDump(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<DumpReport> {
  const context = readContext('dump', env);
  const options = readOptions(env);
  const stop = startDeadline('the dump', options.timeoutSeconds, signal);
  try {
    await sleep(delayLeft(options.job, options.delaySeconds, Date.now()) * 1000, undefined, { signal: stop.signal });
    const server = await describeServer(context.connection);
    if (server.inRecovery) return { ok: true, skipped: 'standby' };
    const store = await openDumpStore(context, options.destination, server.identity, stop.signal);
    const toolEnv = await buildToolEnv(context, 'walguard dump', server.identity.major);
    const client = openDumpClient(DUMP_DIR, toolEnv, stop);
    try {
      return await withDumpLock(context.connection, 0, () => dump(context, options, server, store, client));
    } finally {
      client.close();
    }
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}

async function dump(
  context: AgentContext,
  options: DumpOptions,
  server: ServerDescription,
  store: DumpStore,
  client: DumpClient,
): Promise<DumpReport> {
  const { log } = context;
  const startedAt = new Date().toISOString();
  const name = nameDump(startedAt, options.tool);
  const before = await store.readNewest().catch((error: Error) => error.message);
  const version = await readVersion(client, options.tool);
  const planned = planFiles(
    options,
    server.databases.map((each) => each.name),
  );
  const written: WrittenFile[] = [];
  for (const each of planned) {
    written.push(await makeFile(client, store, name, each));
    log.info({ file: written.at(-1)?.file }, 'dumped, and read back');
  }
  const manifest = buildManifest(context, options, server, { name, startedAt, version }, written);
  const shrank = findShrinking(manifest, typeof before === 'string' ? undefined : before);
  const complete = { ...manifest, ...(shrank === undefined ? {} : { shrank }) };
  await store.write(`${name}/${MANIFEST}`, toChunks(complete));
  // The bigger ones before it may be all that is left of lost data.
  const keepSeconds = shrank === undefined ? options.keepSeconds : Number.POSITIVE_INFINITY;
  const swept = await store.removeExpired(keepSeconds, Date.now()).catch((error: Error) => error.message);
  const warning = describeTrouble(manifest, before, swept);
  const { kept, removed } = typeof swept === 'string' ? { kept: 1, removed: 0 } : swept;
  const { finishedAt, bytes, tables, rows } = manifest;
  return {
    ok: true,
    dump: {
      ...{ name, startedAt, finishedAt, bytes, databases: manifest.databases.length, tables, rows },
      ...(shrank === undefined ? {} : { shrank: shrank.slice(0, MAX_TEXT) }),
      ...(warning === '' ? {} : { warning: warning.slice(0, MAX_TEXT) }),
    },
    clusterId: clusterIdOf(server.identity),
    kept,
    removed,
  };
}

const MAX_TEXT = 600;

async function* toChunks(manifest: DumpManifest): AsyncGenerator<Buffer> {
  yield Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
}

/** What does not make the dump a bad one. */
function describeTrouble({ notDumped }: DumpManifest, before: unknown, swept: unknown): string {
  return [
    ...(typeof before === 'string' ? [`the dump before cannot be read: ${before}`] : []),
    ...(notDumped.length > 0 ? [`not dumped, because they take no connections: ${notDumped.join(', ')}`] : []),
    ...(typeof swept === 'string' ? [`old dumps could not be removed: ${swept}`] : []),
  ].join('; ');
}

/** `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` */
async function readVersion(client: DumpClient, tool: string): Promise<string> {
  let text = '';
  for await (const chunk of client.run({ words: [tool, '--version'] })) text += chunk.toString('utf8');
  return /\d[\w.]*/.exec(text)?.[0] ?? text.trim();
}

function buildManifest(
  { namespace, database }: AgentContext,
  { tool, format, instance }: DumpOptions,
  { databases, closed, identity, version: serverVersion }: ServerDescription,
  { name, startedAt, version }: { readonly name: string; readonly startedAt: string; readonly version: string },
  written: readonly WrittenFile[],
): DumpManifest {
  const files = written.map(({ file }) => file);
  const sum = (key: 'bytes' | 'tables' | 'rows') => files.reduce((total, file) => total + file[key], 0);
  const counted = written.map(({ file, counts }) => ({ ...file, counts }));
  return {
    version: 1,
    ...{ name, namespace, database, pod: instance, systemIdentifier: identity.systemIdentifier, tool, format },
    ...{ startedAt, finishedAt: new Date().toISOString() },
    versions: { server: serverVersion, client: version, walguard: WALGUARD_VERSION },
    files,
    roles: written.flatMap(({ counts }) => counts.roles),
    databases: describeDatabases(databases, counted),
    notDumped: closed,
    ...{ bytes: sum('bytes'), tables: sum('tables'), rows: sum('rows') },
  };
}
