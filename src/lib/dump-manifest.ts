// What lies beside a dump, written last: a dump without it is torn, and never listed. All that a restore has to know.
// Room: lib (pure).
import type { CountedTable, DumpCounts } from './dump-counter.ts';

export const MANIFEST = 'manifest.json';

export interface DumpFile {
  /** In the dump's folder. */
  readonly path: string;
  /** cluster: everything, with roles. roles: those alone. database: one, as `database` says. */
  readonly kind: 'cluster' | 'roles' | 'database';
  readonly database?: string;
  /** sql.gz: for psql, once unpacked. custom: for pg_restore. */
  readonly format: 'sql.gz' | 'custom';
  /** Does the SQL make the database itself, and connect to it? */
  readonly creates?: boolean;
  /** Before the engine's encryption, where there is one. */
  readonly bytes: number;
  readonly sha256: string;
  readonly tables: number;
  readonly rows: number;
}

export interface DumpedDatabase {
  readonly name: string;
  readonly owner: string;
  /** Size in Postgres, in bytes. */
  readonly bytes: number;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** builtin, icu or libc, and the locale of the first two; absent before PG 15. */
  readonly localeProvider?: string;
  readonly locale?: string;
  readonly extensions: readonly string[];
  /** Those whose rows are in the dump, as SQL writes their names. */
  readonly tables: readonly CountedTable[];
}

export interface DumpManifest {
  readonly version: 1;
  /** Of the dump's folder. */
  readonly name: string;
  readonly namespace: string;
  /** Name of the StatefulSet, and of its pod. */
  readonly database: string;
  readonly pod: string;
  readonly systemIdentifier: string;
  readonly tool: 'pg_dumpall' | 'pg_dump';
  readonly format: 'gzip' | 'custom';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly versions: { readonly server: string; readonly client: string; readonly walguard: string };
  readonly files: readonly DumpFile[];
  readonly roles: readonly string[];
  readonly databases: readonly DumpedDatabase[];
  /** Those that take no connections, so that no tool can dump them. */
  readonly notDumped: readonly string[];
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  /** In words: how much smaller it is than the one before. */
  readonly shrank?: string;
}

/** `20261121T020000Z-pg_dumpall`: names sort by time. @param startedAt RFC 3339, UTC */
export function nameDump(startedAt: string, tool: DumpManifest['tool']): string {
  return `${startedAt.replace(/[-:]|\.\d+/g, '')}-${tool}`;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-pg_dump(?:all)?$/;

/** @returns Unix milliseconds of its start; undefined where it is no name of a dump */
export function timeOfDump(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** @throws Error where it is not one of ours, or of a version that is not known */
export function parseManifest(text: string): DumpManifest {
  const manifest = JSON.parse(text) as Partial<DumpManifest>;
  if (manifest.version === 1 && Array.isArray(manifest.files)) return manifest as DumpManifest;
  throw new Error(`a manifest of version ${String(manifest.version)}, where this walguard knows version 1`);
}

type Measure = Pick<DumpManifest, 'bytes' | 'rows'>;

/**
 * A complete dump may still be one of a database that lost its data. The one before is the measure.
 *
 * | before | rows now   | rows            | bytes           | shrank |
 * | none   | any        | any             | any             | no     |
 * | some   | none       | some before     | any             | yes    |
 * | some   | some, none | less than half  | less than half  | yes    |
 * | some   | some       | half, more      | less than half  | no     |
 * | some   | some       | less than half  | half, more      | no     |
 *
 * @returns in words, how
 */
export function findShrinking(now: Measure, before: (Measure & { readonly name: string }) | undefined) {
  if (!before) return undefined;
  const isEmptied = now.rows === 0 && before.rows > 0;
  const isHalved = now.rows < before.rows / 2 && now.bytes < before.bytes / 2;
  if (!isEmptied && !isHalved) return undefined;
  return `it holds ${now.rows} rows in ${now.bytes} bytes, where ${before.name} holds ${before.rows} in ${before.bytes}`;
}

/** The counts of one file belong to its database; those of a whole cluster are told apart by their names. */
export function describeDatabases<T extends { readonly name: string }>(
  databases: readonly T[],
  counted: readonly { readonly database?: string; readonly counts: DumpCounts }[],
): (T & Pick<DumpedDatabase, 'extensions' | 'tables'>)[] {
  return databases.map((each) => {
    const parts = counted.flatMap(({ database, counts }) =>
      database === undefined
        ? counts.databases.filter(({ name }) => name === each.name)
        : database === each.name
          ? counts.databases
          : [],
    );
    const extensions = parts.flatMap((part) => part.extensions);
    return { ...each, extensions, tables: parts.flatMap((part) => part.tables) };
  });
}
