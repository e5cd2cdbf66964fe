// Rows of the copy beside those of the newest dump. A dump has a moment of its own, so a difference is told and no more.
// Room: lib (pure).
import type { DumpManifest } from '../dump-manifest.ts';

interface Table {
  readonly name: string;
  readonly rows: number;
}

const MAX_TOLD = 5;

/** @param counted tables of each database */
export function compareRows(
  { name, databases }: Pick<DumpManifest, 'name' | 'databases'>,
  counted: readonly (readonly [database: string, tables: readonly Table[]])[],
): string {
  const now = new Map(
    counted.flatMap(([database, tables]) => tables.map((table) => [`${database}:${table.name}`, table.rows])),
  );
  const differences = databases.flatMap((database) =>
    database.tables.flatMap((table) => {
      const rows = now.get(`${database.name}:${table.name}`);
      if (rows === table.rows) return [];
      return [`${database.name}: ${table.name} has ${rows ?? 'no'} rows, ${table.rows} there`];
    }),
  );
  if (differences.length === 0) return `every table of dump ${name} has as many`;
  const more = differences.length > MAX_TOLD ? `, and ${differences.length - MAX_TOLD} more` : '';
  return `dump ${name}, of another moment, differs: ${differences.slice(0, MAX_TOLD).join(', ')}${more}`;
}
