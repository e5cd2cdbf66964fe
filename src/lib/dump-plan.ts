// Which of Postgres's tools a dump calls, and what each call makes. Room: lib (pure).
import type { Ending } from './dump-counter.ts';
import type { DumpFile, DumpManifest } from './dump-manifest.ts';

export interface PlannedFile extends Pick<DumpFile, 'path' | 'kind' | 'database' | 'format' | 'creates'> {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The last words of its SQL. */
  readonly ending: Ending;
}

/** A dump that waits for a table longer than this fails, and lets go of the tables that it has locked till then. */
const LOCK_WAIT = '60s';

/** Whoever comes to dump never waits for somebody to type a password. */
const COMMON = ['--no-password', `--lock-wait-timeout=${LOCK_WAIT}`];

/** @param databases names of those that take connections */
export function planFiles(
  { tool, format }: Pick<DumpManifest, 'tool' | 'format'>,
  databases: readonly string[],
): PlannedFile[] {
  if (tool === 'pg_dumpall') return [sql('cluster', 'cluster', ['pg_dumpall', ...COMMON])];
  const roles = sql('roles', 'roles', ['pg_dumpall', '--globals-only', ...COMMON]);
  return [roles, ...databases.map((name, index) => planDatabase(name, index + 1, format))];
}

function sql(name: string, kind: 'cluster' | 'roles', words: readonly string[]): PlannedFile {
  return { path: `${name}.sql.gz`, kind, format: 'sql.gz', words, env: {}, ending: 'cluster' };
}

/** A name may hold anything, so files are numbered, and it goes by PGDATABASE: --dbname would take `a=b` for more than a name. */
function planDatabase(database: string, number: number, format: DumpManifest['format']): PlannedFile {
  const base = `database-${String(number).padStart(4, '0')}`;
  const env = { PGDATABASE: database };
  if (format === 'custom') {
    const words = ['pg_dump', '--format=custom', ...COMMON];
    return { path: `${base}.dump`, kind: 'database', database, format, words, env, ending: 'database' };
  }
  // psql's \connect, and so pg_dump --create, cannot take a name of two lines.
  const creates = !/[\r\n]/.test(database);
  const words = ['pg_dump', '--format=plain', ...(creates ? ['--create'] : []), ...COMMON];
  const path = `${base}.sql.gz`;
  return { path, kind: 'database', database, format: 'sql.gz', creates, words, env, ending: 'database' };
}

/** Reads a whole archive, and writes the SQL of it. */
export const READ_ARCHIVE = ['pg_restore', '--format=custom', '--file=-'] as const;

/**
 * sh words of a PATH on which the tools are, of the server's own major first: an image may have several.
 * Source: the Dockerfiles of docker-library, Bitnami, Spilo and timescaledb-ha; PGDG's packages.
 */
export function toolPath(major: number): string {
  const directories = [
    '/opt/bitnami/postgresql/bin',
    '/usr/local/bin',
    `/usr/pgsql-${major}/bin`,
    '/usr/local/pgsql/bin',
  ];
  return `/usr/lib/postgresql/${major}/bin:"$PATH":${directories.join(':')}`;
}
