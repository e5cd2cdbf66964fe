// A dump's way back into a new cluster, by the tools of the database's own image in the container beside this one: for drills
// and for restores. Room: agent (door).
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { findDifferences } from '../lib/drill/rows.ts';
import type { DumpedDatabase, DumpFile, DumpManifest } from '../lib/dump-manifest.ts';
import { collectErrors, planLoadOf } from '../lib/load-dump.ts';
import type { Connection } from '../tools/connection.ts';
import { countRows, createDatabase, listDatabases, listRoles } from '../tools/copy-queries.ts';
import { type ObjectPlace, readObjectStream } from '../tools/object-stream.ts';
import { runTool } from './drill-copy.ts';
import type { DumpClient } from './dump-client.ts';

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

/** @param words of initdb, beside the directory */
export async function initialise(client: DumpClient, pgdata: string, words: readonly string[]): Promise<void> {
  await runTool(client, ['sh', '-c', INITDB, 'initdb', '-D', pgdata, ...words]);
}

export interface Loader {
  readonly client: DumpClient;
  /** As the first superuser of a server that has nothing but what initdb made. */
  readonly connection: Connection;
}

/** File after file, roles first as the manifest has them. @throws Error with the first errors' words, and of which file */
export async function loadDump(loader: Loader, place: ObjectPlace, manifest: DumpManifest): Promise<void> {
  for (const file of manifest.files) {
    await loadFile(loader, place, manifest, file).catch((error: Error) => {
      throw new Error(`${manifest.name}/${file.path} could not be restored: ${error.message}`, { cause: error });
    });
  }
}

async function loadFile(
  { client, connection }: Loader,
  place: ObjectPlace,
  manifest: DumpManifest,
  file: DumpFile,
): Promise<void> {
  const { words, needsDatabase } = planLoadOf(file, connection);
  const described = manifest.databases.find(({ name }) => name === file.database);
  if (needsDatabase && described) await createDatabase(connection, described);
  await feedFile(client, words, place, manifest, file, connection.user);
}

/** Straight out of the store into the tool, and measured on its way. @param user who loads */
export async function feedFile(
  client: DumpClient,
  words: readonly string[],
  place: ObjectPlace,
  manifest: DumpManifest,
  file: DumpFile,
  user: string,
): Promise<void> {
  const hash = createHash('sha256');
  const stored = tap(readObjectStream(place, `${manifest.name}/${file.path}`), (chunk) => hash.update(chunk));
  const input = file.format === 'custom' ? stored : unpack(stored);
  const errors = collectErrors(user);
  const decoder = new StringDecoder('utf8');
  for await (const chunk of client.run({ words, input })) errors.read(decoder.write(chunk));
  const digest = hash.digest('hex');
  if (digest !== file.sha256) throw new Error(`it has SHA-256 ${digest}, where its manifest says ${file.sha256}`);
  const said = errors.finish();
  if (said !== undefined) throw new Error(said);
}

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

/** Of one database, under whatever name it is there. @returns in words, each table that has not as many rows as it had */
export async function compareDatabase(connection: Connection, described: DumpedDatabase): Promise<string[]> {
  const tables = await countRows(connection, STATEMENT_TIMEOUT_MS);
  return findDifferences({ databases: [described] }, [[described.name, tables]]);
}

/** @returns in words, each role and database that is not there, and each table that has not as many rows as the manifest says */
export async function compareWithManifest(connection: Connection, manifest: DumpManifest): Promise<string[]> {
  const roles = new Set(await listRoles(connection));
  const databases = new Set(await listDatabases(connection));
  const counted: [string, Awaited<ReturnType<typeof countRows>>][] = [];
  for (const name of databases)
    counted.push([name, await countRows({ ...connection, database: name }, STATEMENT_TIMEOUT_MS)]);
  return [
    ...manifest.roles.filter((name) => !roles.has(name)).map((name) => `role ${name} is not there`),
    ...manifest.databases.filter(({ name }) => !databases.has(name)).map(({ name }) => `database ${name} is not there`),
    ...findDifferences(manifest, counted),
  ];
}
