// How a dump goes back in, by the tools of the database's own image: the cluster for it, and each file from the tool's standard
// input. Room: lib (pure).
import type { DumpedDatabase, DumpFile, DumpManifest } from './dump-manifest.ts';

export interface Place {
  /** Directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

export interface FileLoad {
  readonly words: readonly string[];
  /** The file does not make its database itself. */
  readonly needsDatabase: boolean;
}

/** What initdb is told: the locale that the database postgres had, which is the cluster's. */
export function planCluster({ databases }: Pick<DumpManifest, 'databases'>, user: string): string[] {
  const {
    encoding = 'UTF8',
    collate = 'C',
    ctype = 'C',
    ...rest
  }: Partial<DumpedDatabase> = databases.find(({ name }) => name === 'postgres') ?? {};
  const { localeProvider, locale } = rest;
  // initdb says so itself: libc is what it takes where nothing is said, and before PG 15 all that there is.
  const provider =
    localeProvider === undefined || localeProvider === 'libc' || locale === undefined
      ? []
      : [`--locale-provider=${localeProvider}`, `--${localeProvider}-locale=${locale}`];
  return [
    ...['-U', user, '--auth-local=trust', '--auth-host=reject', `--encoding=${encoding}`],
    ...[`--locale=${ctype}`, `--lc-collate=${collate}`, `--lc-ctype=${ctype}`, ...provider],
  ];
}

/** psql goes on after an error, as pg_dumpall's own manual has it: what it says comes with its output, to be judged. */
const WITH_ERRORS = 'exec "$@" 2>&1';

/**
 * An archive makes its database itself: only so come its owner, rights and settings. But for postgres, which is there already, and
 * which a worker such as pg_cron's may be connected to, so that it cannot be made anew.
 */
export function planLoadOf({ kind, format, database = 'postgres', creates }: DumpFile, place: Place): FileLoad {
  const login = ['-h', place.host, '-p', String(place.port), '-U', place.user];
  if (format === 'custom') {
    const target = database === 'postgres' ? into(database) : ['--create', ...into('template1')];
    return { words: ['pg_restore', '--exit-on-error', ...login, ...target], needsDatabase: false };
  }
  const needsDatabase = kind === 'database' && creates === false;
  const target = needsDatabase ? database : 'template1';
  const psql = ['psql', '-qX', ...login, ...into(target), '-o', '/dev/null'];
  return { words: ['sh', '-c', WITH_ERRORS, 'sh', ...psql], needsDatabase };
}

/** Of an archive into a database of any name: without what it says of the database itself. */
export function planArchiveLoad(name: string): string[] {
  return ['pg_restore', '--exit-on-error', '--no-password', ...into(name)];
}

/** A name may hold what makes it more than a name. */
function into(name: string): string[] {
  return ['-d', `dbname='${name.replace(/['\\]/g, '\\$&')}'`];
}

const MAX_ERRORS = 3;

export interface Errors {
  readonly read: (text: string) => void;
  /** In words: the first of them, and how many more; undefined where there was none. */
  readonly finish: () => string | undefined;
}

/** @param user who loads: the cluster's first superuser. @returns reads what psql says, as it comes */
export function collectErrors(user: string): Errors {
  const first: string[] = [];
  let count = 0;
  let rest = '';
  const take = (line: string) => {
    if (!/ERROR:|FATAL:/.test(line) || isHarmless(line, user)) return;
    if (++count <= MAX_ERRORS) first.push(line.slice(0, MAX_LINE));
  };
  const read = (text: string) => {
    const lines = (rest + text).split('\n');
    // What is told is in the first words of a line; the rest of a long one may be a row.
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    lines.forEach(take);
  };
  const finish = () => {
    take(rest);
    if (count === 0) return undefined;
    return `${first.join(' | ')}${count > MAX_ERRORS ? `; and ${count - MAX_ERRORS} more errors` : ''}`;
  };
  return { read, finish };
}

const MAX_LINE = 300;

/** What every cluster has is made once more by a dump of a whole one: its first superuser, and the database postgres. */
export function isHarmless(line: string, user: string): boolean {
  return (
    line.includes('already exists') && [`role "${user}"`, 'database "postgres"'].some((each) => line.includes(each))
  );
}

/**
 * pg_hba.conf, which no dump holds: who is in the pod comes in as with the official image, everybody else by password.
 * @param hasMd5 some role's password is kept as an MD5, which scram-sha-256 would shut out; md5 takes both
 */
export function buildAccess(hasMd5: boolean): string {
  const method = hasMd5 ? 'md5' : 'scram-sha-256';
  return `# Written by walguard: a dump holds no pg_hba.conf.
local all all trust
host all all 127.0.0.1/32 trust
host all all ::1/128 trust
local replication all trust
host replication all 127.0.0.1/32 trust
host replication all ::1/128 trust
host all all all ${method}
`;
}
