// A drill of the newest dump: a cluster is made by the image's own tools, the dump goes into it out of the store, and every
// table must have as many rows as the manifest says. Room: agent (door).
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import { isHarmless, planRestoreOf } from '../lib/drill/restore-dump.ts';
import { findDifferences } from '../lib/drill/rows.ts';
import type { DumpFile, DumpManifest } from '../lib/dump-manifest.ts';
import { countRows, createDatabase } from '../tools/copy-queries.ts';
import { type ObjectPlace, readObjectStream } from '../tools/object-stream.ts';
import { checkRunning, createLook, type Seen } from './drill-checks.ts';
import { type Copy, readControlData, runTool, startCopy } from './drill-copy.ts';
import { beginPhase, toSeconds } from './drill-course.ts';
import { placeDumps, readManifest } from './drill-source.ts';
import { checkStopped, type Stage } from './drill-stage.ts';

/** initdb looks its user up, and not every image knows the uid that Kubernetes gives: as docker-library's own start-up does. */
const INITDB = `
if ! getent passwd "$(id -u)" >/dev/null 2>&1; then
  for library in /usr/lib/*/libnss_wrapper.so /usr/lib/libnss_wrapper.so /opt/bitnami/common/lib/libnss_wrapper.so; do
    [ -s "$library" ] || continue
    echo "postgres:x:$(id -u):$(id -g):postgres:/:/bin/false" >passwd
    echo "postgres:x:$(id -g):" >group
    export LD_PRELOAD="$library" NSS_WRAPPER_PASSWD=passwd NSS_WRAPPER_GROUP=group
    break
  done
fi
exec initdb "$@"
`;

export async function rehearseDump(stage: Stage): Promise<void> {
  const { context, options, course, signal } = stage;
  const place = placeDumps(context, stage.env, course.storagePrefix, options.dumpDestination, signal);
  const manifest = await readManifest(place);
  if (!manifest)
    throw new Error('there is no dump in the store: let the dump of the policy run, or drill the base backups');
  course.baseBackup = manifest.name;
  course.target = { latest: true };
  context.log.info({ dump: manifest.name, bytes: manifest.bytes }, 'restoring');

  const begin = performance.now();
  const { copy, before } = await makeCluster(stage, manifest);
  const endReplay = beginPhase(course, { name: 'replay', bytes: manifest.bytes });
  try {
    for (const file of manifest.files) {
      await restoreFile(stage, place, manifest, file).catch((error: Error) => {
        throw new Error(`${manifest.name}/${file.path} could not be restored: ${error.message}`, { cause: error });
      });
    }
  } finally {
    endReplay();
  }
  course.rtoSeconds = toSeconds(performance.now() - begin);
  // It is of one moment: that in which it began.
  course.lastTransactionAt = manifest.startedAt;
  course.achievedRpoSeconds = toSeconds(Math.max(0, course.startedAt.getTime() - Date.parse(manifest.startedAt)));

  const endPhase = beginPhase(course, { name: 'checks' });
  const look = createLook(course.checks, signal);
  await look('manifest', () => checkManifest(stage, manifest));
  await checkRunning(look, context.connection, options, undefined);
  await checkStopped(stage, look, copy, before);
  endPhase();
}

async function makeCluster(stage: Stage, { databases }: DumpManifest) {
  const { context, options, course, client, signal } = stage;
  const { pgdata, connection } = context;
  const endPhase = beginPhase(course, { name: 'start' });
  try {
    const { encoding = 'UTF8', collate = 'C', ctype = 'C' } = databases.find(({ name }) => name === 'postgres') ?? {};
    const locale = [`--encoding=${encoding}`, `--lc-collate=${collate}`, `--lc-ctype=${ctype}`];
    const words = ['-D', pgdata, '-U', connection.user, '--auth-local=trust', '--auth-host=reject', ...locale];
    await runTool(client, ['sh', '-c', INITDB, 'initdb', ...words]);
    const before = await readControlData(client, pgdata);
    const { major } = parseStoragePrefix(course.storagePrefix);
    const terms = { pgdata, major, options: options.serverOptions, hasConf: true, maxPreparedTransactions: 0 };
    const { copy } = await startCopy(client, connection, terms, signal);
    course.postgres = (await copy.untilPromoted(() => undefined)).version;
    return { copy, before } satisfies { copy: Copy; before: unknown };
  } finally {
    endPhase();
  }
}

/** Straight out of the store into the tool, and measured on its way. */
async function restoreFile(stage: Stage, place: ObjectPlace, manifest: DumpManifest, file: DumpFile): Promise<void> {
  const { connection } = stage.context;
  const { words, needsDatabase } = planRestoreOf(file, connection);
  const described = manifest.databases.find(({ name }) => name === file.database);
  if (needsDatabase && described && described.name !== 'postgres') await createDatabase(connection, described);
  const hash = createHash('sha256');
  const stored = tap(readObjectStream(place, `${manifest.name}/${file.path}`), (chunk) => hash.update(chunk));
  const input = file.format === 'custom' ? stored : unpack(stored);
  let said = '';
  for await (const chunk of stage.client.run({ words, input })) said = (said + chunk.toString('utf8')).slice(-MAX_SAID);
  const digest = hash.digest('hex');
  if (digest !== file.sha256) throw new Error(`it has SHA-256 ${digest}, where its manifest says ${file.sha256}`);
  const errors = said.split('\n').filter((line) => /ERROR:|FATAL:/.test(line) && !isHarmless(line, connection.user));
  if (errors.length > 0) throw new Error(errors.slice(0, 3).join(' | ').slice(0, 1000));
}

const MAX_SAID = 64 * 1024;

async function* tap(source: AsyncIterable<Buffer>, look: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    look(chunk);
    yield chunk;
  }
}

async function* unpack(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const transform = createGunzip();
  // What goes wrong is thrown to who reads; it must not end the process where nobody reads any more.
  pipeline(source, transform.on('error', ignore), ignore);
  yield* transform;
}

function ignore(): void {}

const STATEMENT_TIMEOUT_MS = 600_000;

async function checkManifest({ context }: Stage, manifest: DumpManifest): Promise<Seen> {
  const counted: [string, Awaited<ReturnType<typeof countRows>>][] = [];
  for (const { name } of manifest.databases)
    counted.push([name, await countRows({ ...context.connection, database: name }, STATEMENT_TIMEOUT_MS)]);
  const expected = `${manifest.rows} rows in ${manifest.tables} tables`;
  const differences = findDifferences(manifest, counted);
  if (differences.length === 0) return { result: 'passed', expected, seen: 'every table has as many' };
  return { result: 'failed', expected, seen: differences.slice(0, 5).join(', ') };
}
