// A restore in place: the new data directory is made beside the old one, and takes its place by two renames. Nothing is
// overwritten, and nothing removed but what never was complete. Room: agent (door).
import { constants } from 'node:fs';
import { access, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RESTORE_RECORD_DONE } from '../api/names.ts';
import { explainLackOfRoom, type Places } from '../lib/aside.ts';
import { isMissing, readIdentity, readRestoreRecord } from './data-directory.ts';
import { readPlainJson } from './plain-file.ts';

/** Which restore made the data that lie there: its uid. */
export async function readMaker(pgdata: string): Promise<string | undefined> {
  const record = (await readRestoreRecord(pgdata)) ?? (await readPlainJson(join(pgdata, RESTORE_RECORD_DONE)));
  return (record as { uid?: string } | undefined)?.uid;
}

/** Left by a Postgres that was killed, or of one that runs: undefined where there is none. */
export function readPostmasterPid(pgdata: string): Promise<string | undefined> {
  return readFile(join(pgdata, 'postmaster.pid'), 'utf8').catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/**
 * Before anything is touched.
 *
 * | there is a cluster | below a directory that is written to | on its own volume's root | tablespaces | goes on |
 * | no                 |                                      |                          |             | no      |
 * | yes                | no                                   |                          |             | no      |
 * | yes                | yes                                  | yes                      |             | no      |
 * | yes                | yes                                  | no                       | some        | no      |
 * | yes                | yes                                  | no                       | none        | yes     |
 *
 * @throws Error that says what to do
 */
export async function assertPlaceable({ pgdata }: Places): Promise<void> {
  const elsewhere = 'Restore into a new StatefulSet instead; nothing was touched';
  if (!(await readIdentity(pgdata))) throw new Error(`${pgdata} holds no Postgres cluster. ${elsewhere}`);
  const parent = dirname(pgdata);
  if ((await stat(pgdata)).dev !== (await stat(parent)).dev)
    throw new Error(
      `${pgdata} is the root of its volume, so the old data cannot be kept beside it. Set PGDATA to a directory below, or restore into a new StatefulSet; nothing was touched`,
    );
  await access(parent, constants.W_OK).catch(() => {
    throw new Error(
      `${parent} is not writable for uid ${process.getuid?.()}: give the pod an fsGroup, or restore into a new StatefulSet; nothing was touched`,
    );
  });
  const [tablespace] = await readdir(join(pgdata, 'pg_tblspc')).catch(() => []);
  if (tablespace !== undefined)
    throw new Error(
      `tablespace ${tablespace} lies outside of ${pgdata}, and a restore would write over it. ${elsewhere}`,
    );
}

/** @throws Error with the figures where the volume has no room for a second copy; @param dataBytes of that */
export async function assertRoom({ pgdata }: Places, dataBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(pgdata));
  const explained = explainLackOfRoom(bavail * bsize, dataBytes);
  if (explained !== undefined) throw new Error(explained);
}

/**
 * Puts what was made in `work` in the place of the data directory. Two renames, so that whoever looks finds whole data or none.
 *
 * @param pid that lay there when we began: another one is of a Postgres that was started meanwhile
 */
export async function takePlace({ pgdata, work, aside }: Places, pid: string | undefined): Promise<void> {
  if ((await readPostmasterPid(pgdata)) !== pid)
    throw new Error(
      `Postgres was started in ${pgdata} meanwhile, by whoever scaled the StatefulSet up; nothing was touched`,
    );
  await rename(pgdata, aside);
  await rename(work, pgdata);
  await sync(dirname(pgdata));
}

/**
 * Has the old data in their place again, however far it came. What the restore made is kept; what it never completed goes.
 *
 * | aside | data directory | done                                           |
 * | no    | there          | nothing: they are in their place               |
 * | no    | missing        | Error                                          |
 * | there | missing        | aside takes its place                          |
 * | there | there          | it is kept as made, then aside takes its place |
 */
export async function putBack({ pgdata, work, aside, made }: Places): Promise<void> {
  await rm(work, { recursive: true, force: true });
  const isThere = await exists(pgdata);
  if (!(await exists(aside))) {
    if (isThere) return;
    throw new Error(`neither ${pgdata} nor ${aside} is there; look for the data on the volume by hand`);
  }
  if (isThere) {
    if (await exists(made)) throw new Error(`${made} is there already; move it out of the way, nothing was touched`);
    await rename(pgdata, made);
  }
  await rename(aside, pgdata);
  await sync(dirname(pgdata));
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

/** Renames are on the disk once their directory is. */
async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}
