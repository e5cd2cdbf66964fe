// The other way: a dump's files, by its manifest, into a fresh Postgres with the tools that a person would use.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type DumpFile, type DumpManifest, MANIFEST, parseManifest } from '../../../src/lib/dump-manifest.ts';
import type { Postgres } from './postgres.ts';

/** @param folder of the dumps of one cluster. The manifests, oldest first. */
export async function readManifest(folder: string, name: string): Promise<DumpManifest> {
  return parseManifest(await readFile(join(folder, name, MANIFEST), 'utf8'));
}

/** Roles first, then the databases. Checks each file's checksum. */
export async function restoreDump(folder: string, manifest: DumpManifest, into: Postgres): Promise<void> {
  for (const file of manifest.files) {
    const bytes = await readFile(join(folder, manifest.name, file.path));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256, file.path);
    assert.equal(bytes.length, file.bytes, file.path);
    const path = join(into.pod.directory, file.path);
    await writeFile(path, file.format === 'custom' ? bytes : gunzipSync(bytes));
    if (file.format === 'custom') await restoreArchive(path, file, into);
    else await restoreSql(path, file, into);
  }
}

async function restoreArchive(path: string, { database = '' }: DumpFile, into: Postgres): Promise<void> {
  await createDatabase(database, into);
  await runTool(into, 'pg_restore', ['--exit-on-error', '-d', toConnection(database), path]);
}

/** What is there in every cluster is made once more; any other error is one. */
async function restoreSql(path: string, { database = 'postgres', creates }: DumpFile, into: Postgres): Promise<void> {
  if (creates === false) await createDatabase(database, into);
  const target = creates === false ? database : 'template1';
  const stderr = await runTool(into, 'psql', ['-qX', '-d', toConnection(target), '-f', path]);
  const errors = stderr.split('\n').filter((line) => /ERROR|FATAL/.test(line));
  const unexpected = errors.filter((line) => !/"postgres" already exists/.test(line));
  assert.deepEqual(unexpected, []);
}

async function createDatabase(name: string, into: Postgres): Promise<void> {
  if (name !== 'postgres') await into.sql(`create database "${name.replaceAll('"', '""')}" template template0`);
}

function toConnection(database: string): string {
  return `dbname='${database.replace(/['\\]/g, '\\$&')}'`;
}

/** @returns what it wrote to stderr */
export async function runTool(postgres: Postgres, tool: string, args: readonly string[]): Promise<string> {
  const { host, port, user, password = '' } = postgres.connection;
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  const { code, stderr } = await postgres.pod.run(`${postgres.pod.bin}/${tool}`, args, { env });
  assert.equal(code, 0, `${tool}: ${stderr}`);
  return stderr;
}

/** One line for each value that the query gives in the database, by psql: the pool's client knows one database only. */
export async function ask(postgres: Postgres, database: string, query: string): Promise<string> {
  const { host, port, user, password = '' } = postgres.connection;
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  const args = ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-d', toConnection(database), '-c', query];
  const { code, stdout, stderr } = await postgres.pod.run(`${postgres.pod.bin}/psql`, args, { env });
  assert.equal(code, 0, `${query}: ${stderr}`);
  return stdout.trim();
}
