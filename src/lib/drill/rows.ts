// Rows of the copy beside those of the newest dump. A dump has a moment of its own, so a difference is told and no more.
// Room: lib (pure).
import type { DumpManifest } from '../dump-manifest.ts';

interface Table {
  readonly name: string;
  readonly rows: number;
  /** An extension makes it: of its rows a dump holds those that were added. */
  readonly isExtensions?: boolean;
}

const MAX_TOLD = 5;

type Databases = Pick<DumpManifest, 'databases'>;
type Counted = readonly (readonly [database: string, tables: readonly Table[]])[];

/** @param counted tables of each database. @returns in words, each table that has not as many rows as in the dump */
export function findDifferences({ databases }: Databases, counted: Counted): string[] {
  const now = new Map(
    counted.flatMap(([database, tables]) => tables.map((table) => [`${database}:${table.name}`, table])),
  );
  return databases.flatMap((database) =>
    database.tables.flatMap((table) => {
      const { rows, isExtensions } = now.get(`${database.name}:${table.name}`) ?? {};
      if (rows === table.rows || (isExtensions && rows !== undefined && rows > table.rows)) return [];
      return [`${database.name}: ${table.name} has ${rows ?? 'no'} rows, ${table.rows} there`];
    }),
  );
}

export function compareRows(dump: Databases & Pick<DumpManifest, 'name'>, counted: Counted): string {
  const differences = findDifferences(dump, counted);
  if (differences.length === 0) return `every table of dump ${dump.name} has as many`;
  const more = differences.length > MAX_TOLD ? `, and ${differences.length - MAX_TOLD} more` : '';
  return `dump ${dump.name}, of another moment, differs: ${differences.slice(0, MAX_TOLD).join(', ')}${more}`;
}
