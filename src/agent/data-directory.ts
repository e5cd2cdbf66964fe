// Reads and prepares a Postgres data directory. Room: agent (door).
import { chmod, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LETTING_GO_RECORD, LETTING_GO_RESERVE, RESTORE_RECORD, RESTORE_RECORD_DONE } from '../api/names.ts';
import type { RestoreRecord } from '../api/reports.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { type ClusterIdentity, parseClusterIdentity } from '../lib/cluster-identity.ts';
import { buildRecoveryConf } from '../lib/recovery-conf.ts';
import { stopOf } from '../lib/recovery-target.ts';
import { readPlainFile, readPlainJson } from './plain-file.ts';

/** Undefined while there is no initialised cluster. */
export async function readIdentity(pgdata: string): Promise<ClusterIdentity | undefined> {
  try {
    const [version, control] = await Promise.all([
      readPlainFile(join(pgdata, 'PG_VERSION')),
      readPlainFile(join(pgdata, 'global', 'pg_control')),
    ]);
    // In this order: it is renamed while others look.
    const current = await readRestoreRecord(pgdata);
    const record = current === undefined ? await readPlainJson(join(pgdata, RESTORE_RECORD_DONE)) : current;
    return parseClusterIdentity(version.toString('utf8'), control, record);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * What a recovery reads from; undefined when there is none to serve. Not by recovery.signal: Postgres removes that, and asks for
 * a timeline's history after it. Left without an answer there it ends, and its next start replays past the target (seen).
 * The database itself could have written it, whatever it is: explainUnserved says whether it is followed.
 */
export async function readRestoreRecord(pgdata: string): Promise<unknown> {
  return readPlainJson(join(pgdata, RESTORE_RECORD));
}

/** For when Postgres says that it is promoted: from then on there is no recovery to serve. */
export async function finishRestore(pgdata: string): Promise<void> {
  await rename(join(pgdata, RESTORE_RECORD), join(pgdata, RESTORE_RECORD_DONE));
}

/** Throws when the directory holds anything: a restore never overwrites. */
export async function assertEmpty(pgdata: string): Promise<void> {
  const entries = await readdir(pgdata).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found = entries.filter((name) => name !== 'lost+found');
  if (found.length === 0) return;
  throw new Error(
    `${pgdata} is not empty (${found.slice(0, 3).join(', ')} ...); a restore never overwrites data, choose a new destination`,
  );
}

/**
 * Lets `fetch` fill a directory of our own inside the data directory, and moves what came up into it. The data directory may be
 * the root of a volume, which belongs to root, and engines want to set the mode of the directory that they fill.
 */
export async function fetchInto(pgdata: string, fetch: (directory: string) => Promise<void>): Promise<void> {
  const directory = join(pgdata, '.walguard-fetch');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await fetch(directory);
  for (const name of await readdir(directory)) await rename(join(directory, name), join(pgdata, name));
  await rmdir(directory);
}

/**
 * Turns a fetched base backup into a cluster that recovers to the target when it starts. The source's own archive and
 * recovery settings came with it and go: a restored cluster must never archive into its source's prefix. Without a record no
 * sidecar serves the recovery, and whoever prepares it has to.
 */
export async function prepareRecovery(pgdata: string, target: RestoreTarget, restore?: RestoreRecord): Promise<void> {
  const conf = join(pgdata, 'postgresql.auto.conf');
  const before = await readPlainFile(conf).catch((error) => {
    if (isMissing(error)) return '';
    throw error;
  });
  await replace(conf, buildRecoveryConf(before.toString('utf8'), stopOf(target)));
  await makeWalDirectory(pgdata);
  // What the source let go, and where it came from, is the source's matter.
  for (const name of [LETTING_GO_RECORD, LETTING_GO_RESERVE, RESTORE_RECORD_DONE])
    await rm(join(pgdata, name), { force: true });
  const record = join(pgdata, RESTORE_RECORD);
  if (restore) await replace(record, `${JSON.stringify(restore)}\n`);
  else await rm(record, { force: true });
  // Last: from here on a start of Postgres recovers.
  await replace(join(pgdata, 'recovery.signal'), '');
  await settle(pgdata);
}

/** Where the volume's root is the data directory it belongs to root, and the image's entrypoint sets owner and mode. */
export async function settle(pgdata: string): Promise<void> {
  await chmod(pgdata, 0o700).catch(() => undefined);
}

/** Where the source had it on another volume, its backup has none, or a link that leads nowhere: Postgres does not start so. */
async function makeWalDirectory(pgdata: string): Promise<void> {
  const directory = join(pgdata, 'pg_wal');
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await rm(directory, { force: true });
  await mkdir(directory, { mode: 0o700 });
}

/** Complete and on the disk before it gets its name. */
export async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.walguard`, text, { mode: 0o600, flush: true });
  await rename(`${path}.walguard`, path);
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
