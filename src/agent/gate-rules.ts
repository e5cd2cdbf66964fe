// What the database may ask of the engine's daemon, which itself takes any path, follows links, and has the storage
// credentials: whoever can run a program as Postgres could have it store a secret, and fetch that in clear. Room: agent (door).
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request } from '../tools/daemon-protocol.ts';
import type { Role } from './daemon-plan.ts';

const SEGMENT = /^[0-9A-F]{24}$/;
const WAL_FILE = /^(?:[0-9A-F]{24}(?:\.[0-9A-F]{8}\.backup|\.partial)?|[0-9A-F]{8}\.history)$/;
/** Under what names Postgres has them put down before it takes them up. */
const RECOVERED = ['RECOVERYXLOG', 'RECOVERYHISTORY'];

/**
 * Why a request is not passed on; undefined where it is.
 *
 * | gate     | asks for | the name is a WAL file's | on the disk                                                      | passed on |
 * | any      | check    |                          |                                                                  | yes       |
 * | archive  | push     | yes                      | pg_wal/<name> is a file or missing; so is all that may follow it | yes       |
 * | recovery | fetch    | yes                      | the destination is a name in pg_wal, and a file or missing       | yes       |
 * | anything else                                                                                                     | no        |
 *
 * pg_wal itself may be a link, as initdb makes one: no secret has a WAL file's name, so only a link of such a name leads to one.
 * Between this look and the engine's own a file can still be exchanged for a link; that ends only with an engine that opens
 * without following (O_NOFOLLOW). What is pushed so is not to be had back: there is no fetch here, and a recovery
 * is never served from the database's own prefix (daemon-plan.ts).
 */
export async function findObjection(role: Role, pgdata: string, request: Request): Promise<string | undefined> {
  if (request.kind === 'check') return undefined;
  if (request.kind !== (role === 'archive' ? 'push' : 'fetch')) return `a ${request.kind} is not served here`;
  if (!WAL_FILE.test(request.name)) return `${quote(request.name)} is not the name of a WAL file`;
  const directory = join(pgdata, 'pg_wal');
  if (request.kind === 'fetch') return judgeDestination(directory, request.destination);
  return (await judgeFile(directory, request.name)) ?? (await judgeFollowing(directory));
}

/** Postgres says pg_wal/RECOVERYXLOG, pg_rewind the whole path of the segment. */
async function judgeDestination(directory: string, destination: string): Promise<string | undefined> {
  const [, name = ''] = /^(?:.*\/)?([^/]*)$/.exec(destination) ?? [];
  const isInside = [`pg_wal/${name}`, join(directory, name)].includes(destination);
  if (!isInside || !(RECOVERED.includes(name) || WAL_FILE.test(name)))
    return `${quote(destination)} is not a WAL file's place in pg_wal`;
  return judgeFile(directory, name);
}

/** A name without a file is for the engine to answer: it may have stored the file already, and Postgres has recycled it. */
async function judgeFile(directory: string, name: string): Promise<string | undefined> {
  const entry = await lstat(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return entry === undefined || entry.isFile() ? undefined : `pg_wal/${name} is not a regular file`;
}

/** With one segment the engine stores those after it that are marked as ready, without being asked. */
async function judgeFollowing(directory: string): Promise<string | undefined> {
  const entries = await readdir(directory, { withFileTypes: true });
  const other = entries.find((entry) => SEGMENT.test(entry.name) && !entry.isFile());
  return other && `pg_wal/${other.name} is not a regular file; remove it`;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
