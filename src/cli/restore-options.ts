// What `walguard restore` is told. Room: cli (door).
import { timeOfDump } from '../lib/dump-manifest.ts';
import type { TargetOptions } from './restore-target.ts';

export interface RestoreOptions extends TargetOptions {
  readonly as?: string;
  readonly claim?: string;
  readonly instance?: string;
  readonly from?: string;
  /** `latest`, or a dump's name. */
  readonly fromDump?: string;
  /** Name of a new database of the server that runs; of which one of the dump, and does it take its place? */
  readonly intoDatabase?: string;
  readonly of?: string;
  readonly swap?: boolean;
  /** With false nothing starts on what is restored. */
  readonly start?: boolean;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly plan?: boolean;
  readonly inPlace?: boolean;
  /** The name of the database, typed once more. */
  readonly confirm?: string;
  /** Name of a Restore, as that of attach. */
  readonly undo?: string;
  readonly attach?: string;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: string;
  readonly output: 'text' | 'json';
}

/** What is not said, or not said together: wrong usage, before anything is asked of the cluster. */
export function findProblem(database: string | undefined, options: RestoreOptions): string | undefined {
  if (!(Number(options.timeout) > 0)) return `--timeout "${options.timeout}" is no number of seconds`;
  if (options.as !== undefined && options.claim !== undefined) return 'only one of --as and --claim, please';
  if (options.undo !== undefined && (options.as ?? options.claim ?? options.from) !== undefined)
    return '--undo brings back what was there: without --as, --claim and --from, please';
  if (options.inPlace && (options.as ?? options.claim) !== undefined)
    return '--in-place makes nothing new: without --as and --claim, please';
  if (options.attach === undefined && options.undo === undefined && database === undefined)
    return 'which database? Name its StatefulSet, or a restore that runs with --attach';
  return (
    findNewDatabaseProblem(options) ??
    (options.fromDump === undefined ? undefined : findDumpProblem(options.fromDump, options))
  );
}

function findNewDatabaseProblem({ intoDatabase, of, swap, fromDump, as, start }: RestoreOptions): string | undefined {
  if (intoDatabase === undefined)
    return of !== undefined || swap ? '--of and --swap are for --into-database, please name it' : undefined;
  if (fromDump === undefined) return '--into-database is for dumps: with --from-dump, please';
  if (of === undefined) return '--into-database loads one database of the dump: which? Name it with --of';
  if (as !== undefined || start === false)
    return '--into-database makes no StatefulSet: without --as and --no-start, please';
  return swap && of === intoDatabase
    ? '--swap needs another name in --into-database than in --of, until it is swapped'
    : undefined;
}

function findDumpProblem(dump: string, options: RestoreOptions): string | undefined {
  if (dump !== 'latest' && timeOfDump(dump) === undefined)
    return `--from-dump "${dump}" is no dump's name, such as 20261121T020000Z-pg_dumpall, and not latest`;
  const { toTime, toLsn, toXid, toName, immediate, latest, backup } = options;
  if ((toTime ?? toLsn ?? toXid ?? toName ?? immediate ?? latest ?? backup) !== undefined)
    return '--from-dump has a moment of its own: without a target, please';
  if (options.inPlace || options.undo !== undefined)
    return '--from-dump loads into a new database: without --in-place and --undo, please';
  if (options.claim !== undefined) return '--from-dump makes a StatefulSet: with --as instead of --claim, please';
  return undefined;
}
