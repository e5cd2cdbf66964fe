// Counts tables and rows of a plain SQL dump while it passes by: rows of the dump's own snapshot, without a query.
// Room: lib (pure).
import { DumpScanner } from './dump-scanner.ts';

export interface CountedTable {
  /** As the dump writes it: `public.orders`, `shop."Odd name"`. */
  readonly name: string;
  readonly rows: number;
}

export interface CountedDatabase {
  /** Of the last \connect; undefined before the first. */
  readonly name: string | undefined;
  /** Those whose rows are in the dump, empty ones too. */
  readonly tables: readonly CountedTable[];
  readonly extensions: readonly string[];
}

export interface DumpCounts {
  /** In the dump's order, those without anything to count left out. */
  readonly databases: readonly CountedDatabase[];
  readonly roles: readonly string[];
  readonly tables: number;
  readonly rows: number;
  /** Which of the tools' last words the dump ends with; undefined: it is torn. */
  readonly ending: Ending | undefined;
}

/** Of pg_dump and pg_restore, and of pg_dumpall. */
export type Ending = 'database' | 'cluster';

export interface DumpCounter {
  readonly push: (chunk: Uint8Array) => void;
  readonly finish: () => DumpCounts;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  '-- PostgreSQL database dump complete': 'database',
  '-- PostgreSQL database cluster dump complete': 'cluster',
};

const NAME = String.raw`(?:"(?:[^"]|"")*"|[^\s".(]+)`;
const COPY = new RegExp(String.raw`^COPY (${NAME}(?:\.${NAME})?) +(?:\([\s\S]*\) )?FROM stdin$`);
const EXTENSION = new RegExp(`^CREATE EXTENSION (?:IF NOT EXISTS )?(${NAME})`);
const ROLE = new RegExp(`^CREATE ROLE (${NAME})$`);

export function createDumpCounter(): DumpCounter {
  const databases = [startDatabase(undefined)];
  const roles: string[] = [];
  let current = databases[0] as ReturnType<typeof startDatabase>;
  let table = '';
  let ending: Ending | undefined;
  const onStatement = (text: string): boolean => {
    ending = undefined;
    const copied = COPY.exec(text)?.[1];
    const extension = EXTENSION.exec(text)?.[1];
    const role = ROLE.exec(text)?.[1];
    if (extension !== undefined) current.extensions.push(unquote(extension));
    if (role !== undefined) roles.push(unquote(role));
    table = copied ?? '';
    return copied !== undefined;
  };
  const scanner = new DumpScanner({
    onStatement,
    onOther: () => {
      ending = undefined;
    },
    onComment: (text) => {
      ending = ENDINGS[text] ?? ending;
    },
    onCommand: (text) => {
      const name = /^connect ([\s\S]+)$/.exec(text)?.[1];
      if (name === undefined) return;
      ending = undefined;
      current = startDatabase(parseConnect(name));
      databases.push(current);
    },
    onRows: (rows) => void current.tables.push({ name: table, rows }),
  });
  return {
    push: (chunk) => scanner.push(chunk),
    finish: () => summarise(databases, roles, scanner.isBetween() ? ending : undefined),
  };
}

function startDatabase(name: string | undefined) {
  return { name, tables: [] as CountedTable[], extensions: [] as string[] };
}

function summarise(
  all: readonly CountedDatabase[],
  roles: readonly string[],
  ending: DumpCounts['ending'],
): DumpCounts {
  const databases = all.filter(({ tables, extensions }) => tables.length + extensions.length > 0);
  const tables = databases.flatMap((each) => each.tables);
  return {
    databases,
    roles,
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    ending,
  };
}

/** `plain`, `"quoted"`, or `-reuse-previous=on "dbname='odd'"`, in which libpq's escapes are quoted once more. */
function parseConnect(text: string): string {
  const odd = /^-reuse-previous=on ("[\s\S]*")$/.exec(text)?.[1];
  if (odd === undefined) return unquote(text);
  const value = /^dbname='?([\s\S]*?)'?$/.exec(unquote(odd))?.[1] ?? '';
  return value.replace(/\\([\s\S])/g, '$1');
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
