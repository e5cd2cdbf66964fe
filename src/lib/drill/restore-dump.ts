// How one file of a dump goes back in, by the tools of the database's own image, from their standard input. Room: lib (pure).
import type { DumpFile } from '../dump-manifest.ts';

export interface Place {
  /** Directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export interface FileRestore {
  readonly words: readonly string[];
  /** The file does not make its database itself. */
  readonly needsDatabase: boolean;
}

/** psql goes on after an error, as pg_dumpall's own manual has it: what it says comes with its output, to be judged. */
const WITH_ERRORS = 'exec "$@" 2>&1';

export function planRestoreOf({ kind, format, database = 'postgres', creates }: DumpFile, place: Place): FileRestore {
  const needsDatabase = kind === 'database' && (format === 'custom' || creates === false);
  const login = ['-h', place.host, '-p', String(place.port), '-U', place.user];
  const into = (name: string) => ['-d', `dbname='${name.replace(/['\\]/g, '\\$&')}'`];
  if (format === 'custom')
    return { words: ['pg_restore', '--exit-on-error', ...login, ...into(database)], needsDatabase };
  const target = needsDatabase ? database : 'template1';
  const psql = ['psql', '-qX', ...login, ...into(target), '-o', '/dev/null'];
  return { words: ['sh', '-c', WITH_ERRORS, 'sh', ...psql], needsDatabase };
}

/** What every cluster has is made once more by a dump of a whole one: its first superuser, and the database postgres. */
export function isHarmless(line: string, user: string): boolean {
  return (
    line.includes('already exists') && [`role "${user}"`, 'database "postgres"'].some((each) => line.includes(each))
  );
}
