// What the controller says of every protected database: its status as Prometheus gauges, in the names of the field.
// Times are Unix seconds. What is not known has no series, so an alert on age needs absent() beside it. Room: telemetry.
import { Gauge, type Registry } from 'prom-client';
import type { Instance, ProtectedDatabase, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { DRILL, DRILL_RESULT, listDrills, OF_DRILL, spreadResult } from './drill-series.ts';

export interface DatabaseMetrics {
  /** Where the databases are taken from whenever somebody scrapes. */
  readonly watchDatabases: (list: () => readonly ProtectedDatabase[]) => void;
}

interface Series {
  readonly name: string;
  readonly help: string;
}

interface DatabaseSeries extends Series {
  readonly read: (status: ProtectedDatabaseStatus) => number | undefined;
}

interface InstanceSeries extends Series {
  readonly read: (instance: Instance) => number | undefined;
}

const OF_DATABASE: readonly DatabaseSeries[] = [
  {
    name: 'first_recoverability_point',
    help: 'From when on it can be restored.',
    read: (status) => toSeconds(status.firstRecoverabilityPoint),
  },
  {
    name: 'latest_restorable_time',
    help: 'Up to when it can be restored from what is archived.',
    read: (status) => toSeconds(status.latestRestorableTime),
  },
  {
    name: 'recovery_windows',
    help: 'Stretches of time that can be restored; more than one means that WAL is missing between them.',
    read: (status) => status.recoveryWindows?.length ?? 0,
  },
  {
    name: 'last_available_backup_timestamp',
    help: 'When the last good base backup was finished.',
    read: (status) => toSeconds(status.lastSuccessfulBackup),
  },
  {
    name: 'last_archived_wal_timestamp',
    help: 'When WAL was archived last.',
    read: (status) => toSeconds(status.lastArchivedWalTime),
  },
  {
    name: 'last_successful_drill_timestamp',
    help: 'When a restore was last shown to work, in the cluster for which that is longest ago.',
    read: (status) => toSeconds(status.lastSuccessfulDrill),
  },
];

const OF_INSTANCE: readonly InstanceSeries[] = [
  {
    name: 'last_failed_backup_timestamp',
    help: 'When a base backup failed last.',
    read: ({ lastFailedBackup }) => toSeconds(lastFailedBackup?.finishedAt),
  },
  {
    name: 'last_backup_size_bytes',
    help: 'Compressed size of the last good base backup.',
    read: ({ lastSuccessfulBackup }) => lastSuccessfulBackup?.compressedSize,
  },
  {
    name: 'base_backups',
    help: 'Base backups in the store.',
    read: ({ inventory }) => inventory?.baseBackups,
  },
  {
    name: 'base_backups_bytes',
    help: 'Size of all base backups in the store.',
    read: ({ inventory }) => inventory?.backupBytes,
  },
  {
    name: 'wal_archive_bytes',
    help: 'Size of the WAL in the store.',
    read: ({ inventory }) => inventory?.walBytes,
  },
  {
    name: 'last_verification_timestamp',
    help: 'When the store was verified last, whatever came of it.',
    read: ({ lastVerification }) => toSeconds(lastVerification?.finishedAt),
  },
  {
    name: 'verification_findings',
    help: 'What the last verification found to be wrong.',
    read: ({ lastVerification }) => lastVerification?.findings.length,
  },
  {
    name: 'last_prune_timestamp',
    help: 'When old base backups were removed last.',
    read: ({ lastPrune }) => toSeconds(lastPrune?.finishedAt),
  },
  {
    name: 'last_failed_prune_timestamp',
    help: 'When the removal of old base backups failed last.',
    read: ({ lastFailedPrune }) => toSeconds(lastFailedPrune?.finishedAt),
  },
  {
    name: 'last_dump_timestamp',
    help: 'When the last good dump was finished.',
    read: ({ lastDump }) => toSeconds(lastDump?.finishedAt),
  },
  { name: 'last_dump_size_bytes', help: 'Size of the last good dump.', read: ({ lastDump }) => lastDump?.bytes },
  {
    name: 'last_failed_dump_timestamp',
    help: 'When a dump failed last.',
    read: ({ lastFailedDump }) => toSeconds(lastFailedDump?.finishedAt),
  },
  {
    name: 'wal_waiting_segments',
    help: 'Closed WAL segments that wait to be archived.',
    read: ({ archiver }) => archiver?.waiting,
  },
  {
    name: 'wal_seconds_to_full',
    help: 'Seconds until the volume of the WAL is full, if WAL goes on waiting as it does.',
    read: ({ archiver }) => archiver?.secondsToFull,
  },
  {
    name: 'storage_readable',
    help: 'Can the store be read? 1 yes, 0 no.',
    read: ({ storage }) => toBit(storage?.readable),
  },
  {
    name: 'storage_writable',
    help: 'Can the store be written to? 1 yes, 0 no.',
    read: ({ storage }) => toBit(storage?.writable),
  },
];

const PREFIX = 'walguard_database_';
const STATUSES = ['True', 'False', 'Unknown'] as const;
const DATABASE = ['namespace', 'database'] as const;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | undefined];

export function createDatabaseMetrics(registry: Registry): DatabaseMetrics {
  let list: () => readonly ProtectedDatabase[] = () => [];
  /** Filled anew whenever somebody scrapes, so that what is gone is gone here too. */
  const define = (
    { name, help }: Series,
    more: readonly string[],
    sample: (status: ProtectedDatabaseStatus) => readonly Sample[],
  ) =>
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames: [...DATABASE, ...more],
      registers: [registry],
      collect() {
        this.reset();
        for (const { metadata, status } of list()) {
          const own = { namespace: metadata.namespace ?? '', database: metadata.name ?? '' };
          for (const [labels, value] of status ? sample(status) : []) {
            if (value !== undefined) this.set({ ...own, ...labels }, value);
          }
        }
      },
    });
  for (const series of OF_DATABASE) define(series, [], (status) => [[{}, series.read(status)]]);
  for (const series of OF_INSTANCE) {
    define(series, ['instance'], ({ instances = [] }) =>
      instances.map((instance) => [{ instance: instance.pod }, series.read(instance)]),
    );
  }
  for (const { read, ...series } of OF_DRILL) {
    define(series, DRILL, (status) => listDrills(status).map(([labels, drill]) => [labels, read(drill)]));
  }
  define(DRILL_RESULT, [...DRILL, 'result'], (status) => listDrills(status).flatMap(spreadResult));
  define(CONDITION, ['condition', 'status'], ({ conditions = [] }) =>
    conditions.flatMap(({ type, status }) =>
      STATUSES.map((each): Sample => [{ condition: type, status: each.toLowerCase() }, each === status ? 1 : 0]),
    ),
  );
  define(NEXT_RUN, ['companion'], ({ nextRuns = {} }) =>
    Object.entries(nextRuns).map(([companion, time]) => [{ companion }, toSeconds(time as string)]),
  );
  return {
    watchDatabases: (given) => {
      list = given;
    },
  };
}

const CONDITION: Series = {
  name: 'condition',
  help: 'Conditions of a database: 1 for the status that holds, else 0.',
};

const NEXT_RUN: Series = { name: 'next_run_timestamp', help: 'When a companion of a database runs next.' };

function toSeconds(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000;
}

function toBit(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
