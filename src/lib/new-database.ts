// A dump's database beside those of a server that runs, and then in the place of one: which names it goes by, and what is to be
// done where some of them are there already. Room: lib (pure).
import { quoteIdentifier } from './database-settings.ts';
import type { DumpedDatabase, DumpFile, DumpManifest } from './dump-manifest.ts';
import { shortHash } from './json.ts';
import { formatBytes } from './quantity.ts';

export interface Wish {
  /** Name of the Restore. */
  readonly restore: string;
  /** Of the new database. */
  readonly name: string;
  /** Of the database in the dump. */
  readonly of: string;
  /** Of the database whose place it takes in the end. */
  readonly swap?: string;
}

/** Postgres cuts longer names without an error. */
const MAX_NAME_BYTES = 63;

/** Where it is loaded until it is verified: what broke off is no database under a name that somebody uses. */
export function workName({ restore }: Wish): string {
  return fit(`walguard_load_${restore}`);
}

/** Of the database that made place. */
export function asideName({ restore, swap = '' }: Wish): string {
  return fit(`${swap}_before_${restore}`);
}

function fit(name: string): string {
  if (bytesOf(name) <= MAX_NAME_BYTES) return name;
  const hash = `_${shortHash(name)}`;
  let head = [...name];
  while (bytesOf(head.join('')) > MAX_NAME_BYTES - hash.length) head = head.slice(0, -1);
  return head.join('') + hash;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The comment of what was loaded and verified: by it a later run knows it again. @param dump its name */
export function markOf({ restore, of }: Wish, dump: string): string {
  return `walguard: restore ${restore}, database ${of} of dump ${dump}, verified`;
}

export interface Part {
  readonly file: DumpFile;
  readonly database: DumpedDatabase;
}

/** @returns what is loaded; or, in words, why it cannot be, and what to do */
export function choosePart({ name, tool, files, databases }: DumpManifest, of: string): Part | string {
  if (tool === 'pg_dumpall') return `dump ${name} is one text of the whole server, with its roles; ${INSTEAD}`;
  const file = files.find(({ kind, database }) => kind === 'database' && database === of);
  const database = databases.find((each) => each.name === of);
  if (!file || !database) {
    const there = databases.map((each) => each.name).join(', ');
    return `dump ${name} holds no database "${of}" (spec.destination.database.of); it holds ${there}`;
  }
  if (file.format !== 'custom')
    return `dump ${name} is SQL that makes "${of}" under its own name and changes its rights; ${INSTEAD}`;
  return { file, database };
}

const INSTEAD =
  'restore it into a new StatefulSet (spec.destination.statefulSet, or --as), or have archives made: spec.dump of the policy with tool: pg_dump and format: custom';

export interface Standing {
  readonly isSuperuser: boolean;
  readonly inRecovery: boolean;
  /** Name of each database of the server, with its comment. */
  readonly databases: ReadonlyMap<string, string | null>;
  readonly roles: ReadonlySet<string>;
  /** In words, what ties the database that is replaced to its own place. */
  readonly ties: readonly string[];
  /** Of the server's volume. */
  readonly freeBytes: number;
}

export type NextStep =
  | { readonly kind: 'load' | 'swap' | 'nothing' }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * What is there of the three names. `ours` has our mark: it was loaded from this very dump and verified for a Restore of this name.
 *
 * | new   | replaced | aside | swap asked for | step                                                        |
 * | other | any      | any   | any            | refused: name another                                       |
 * | none  |          |       | no             | load                                                        |
 * | ours  |          |       | no             | nothing: it is done                                         |
 * | none  | there    | none  | yes            | load, then swap                                             |
 * | ours  | there    | none  | yes            | swap: a run before this one broke off after the load        |
 * | any   | there    | there | yes            | refused: it has been swapped, and how to go back            |
 * | any   | none     | there | yes            | refused: somebody took it away; how to put it back          |
 * | any   | none     | none  | yes            | refused: nothing to replace                                 |
 *
 * The swap is one transaction, so that no run of ours leaves the last two but one.
 */
export function decideStep(wish: Wish, part: Part, dump: string, standing: Standing): NextStep {
  const refusal = findRefusal(wish, part, standing);
  if (refusal !== undefined) return { kind: 'refused', why: refusal };
  const { databases } = standing;
  const isThere = databases.has(wish.name);
  if (isThere && databases.get(wish.name) !== markOf(wish, dump))
    return refuse(
      `database "${wish.name}" exists already and stays as it is; name another one (spec.destination.database.name)`,
    );
  const misplaced = wish.swap === undefined ? undefined : findMisplaced(wish, wish.swap, standing);
  if (misplaced !== undefined) return refuse(misplaced);
  if (isThere) return { kind: wish.swap === undefined ? 'nothing' : 'swap' };
  const lack = explainLackOfRoom(standing.freeBytes, part.database.bytes);
  return lack === undefined ? { kind: 'load' } : refuse(lack);
}

function refuse(why: string): NextStep {
  return { kind: 'refused', why };
}

function findRefusal({ name, of }: Wish, { database }: Part, standing: Standing): string | undefined {
  if (standing.inRecovery)
    return 'the server is a standby now, which takes no database; name the primary (spec.source.instance)';
  if (!standing.isSuperuser)
    return 'the login is no superuser, and cannot give a database its owner, rights and settings';
  if (bytesOf(name) > MAX_NAME_BYTES)
    return `"${name}" has ${bytesOf(name)} bytes, and Postgres takes ${MAX_NAME_BYTES}; name a shorter one (spec.destination.database.name)`;
  if (!standing.databases.has(of) && !standing.roles.has(database.owner))
    return `role "${database.owner}", the owner of "${of}" in the dump, does not exist; make it first`;
  return undefined;
}

function findMisplaced(wish: Wish, swap: string, { databases, ties }: Standing): string | undefined {
  const aside = asideName(wish);
  const [isThere, isAside] = [databases.has(swap), databases.has(aside)];
  if (isThere && isAside)
    return `"${aside}" exists already: a restore of this name has put it aside. Back to it: ${describeWayBack(wish)}. Or make a Restore of another name`;
  if (isAside) return `"${swap}" is not there, but "${aside}" is. To have it back: ${rename(aside, swap)}`;
  if (!isThere) return `there is no database "${swap}" to replace; load it under that name, without swap`;
  if (ties.length > 0)
    return `"${swap}" cannot make place: it has ${ties.join(', ')}. Without swap it is loaded beside; nothing was changed`;
  return undefined;
}

function rename(from: string, to: string): string {
  return `alter database ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)};`;
}

/** SQL, for somebody who is connected to another database. What the restore made is kept under its first name. */
export function describeWayBack(wish: Wish): string {
  const { name, swap = '' } = wish;
  return `begin; ${rename(swap, name)} ${rename(asideName(wish), swap)} commit;`;
}

/** SQL for the swap by hand. */
export function describeSwap(wish: Wish): string {
  const { name, of } = wish;
  return `begin; ${rename(of, asideName({ ...wish, swap: of }))} ${rename(name, of)} commit;`;
}

/** Of a server that goes on writing, whose volume must never be full. */
const SPARE_BYTES = 512 * 1024 ** 2;

/** The copy, and as much again of WAL while it is loaded. Undefined where there is room. */
function explainLackOfRoom(freeBytes: number, dataBytes: number): string | undefined {
  const needed = 2 * dataBytes + SPARE_BYTES;
  if (freeBytes >= needed) return undefined;
  return `a second copy on the server's volume needs about ${formatBytes(needed)}, with its WAL; ${formatBytes(freeBytes)} are free. Grow the volume, or restore into a new StatefulSet; nothing was changed`;
}
