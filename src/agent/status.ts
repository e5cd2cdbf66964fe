// What the sidecar says of itself and of Postgres. No I/O. Room: agent (door).
import type { Archiver } from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import { isFailing } from '../health/assess-archiving.ts';
import { buildStoragePrefix, clusterIdOf } from '../lib/cluster-identity.ts';
import type { WalView } from '../lib/wal-backlog.ts';
import type { Observed } from '../tools/postgres.ts';
import type { AgentContext } from './context.ts';
import { explainMissing, findMissing, type RestOutcome, type WantedSettings } from './settings.ts';
import type { State } from './state.ts';
import { NO_CREDENTIALS } from './storage.ts';

/** The archiving daemon: does it run, and what did the engine say last that sounds like a failure? */
export interface ArchiveDaemon {
  readonly isRunning: boolean;
  readonly lastError: string | undefined;
}

/** What is known now; what is not known is left out. */
export function buildStatus(
  context: Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database' | 'pod' | 'pgdata' | 'wanted'>,
  state: State,
  archive: ArchiveDaemon,
): SidecarStatus {
  const { identity, observed } = state;
  const { policyPrefix, namespace, database, pod } = context;
  const message = explain(state, archive, context.pgdata);
  return {
    database,
    pod,
    daemon: assessDaemon(state, archive),
    postgres: observed ? 'up' : 'down',
    ...(identity
      ? {
          clusterId: clusterIdOf(identity),
          storagePrefix: buildStoragePrefix(policyPrefix, namespace, database, identity),
        }
      : {}),
    ...pickObserved(observed),
    ...pickArchiver(state, context.wanted),
    ...(state.storage ? { storage: state.storage } : {}),
    ...(message === undefined ? {} : { message }),
  };
}

/**
 * | data initialised | credentials | daemon runs | daemon                  |
 * | no               |             |             | waiting-for-data        |
 * | yes              | no          |             | waiting-for-credentials |
 * | yes              | yes         | yes         | running                 |
 * | yes              | yes         | no          | failing                 |
 */
function assessDaemon({ identity, credentials }: State, { isRunning }: ArchiveDaemon): SidecarStatus['daemon'] {
  if (!identity) return 'waiting-for-data';
  if (!credentials) return 'waiting-for-credentials';
  return isRunning ? 'running' : 'failing';
}

function pickObserved(observed: Observed | undefined): Partial<SidecarStatus> {
  if (!observed) return {};
  const { inRecovery, timeline, lastReplayedTime } = observed;
  return {
    inRecovery,
    ...(timeline === undefined ? {} : { timeline }),
    ...(lastReplayedTime === undefined ? {} : { lastReplayedTime }),
  };
}

/** While Postgres is down, what its files show. */
function pickArchiver(state: State, wanted: WantedSettings): Pick<SidecarStatus, 'archiver'> {
  const { observed, wal, droppedAt } = state;
  const archiver = {
    ...observed?.archiver,
    ...(wal ? describeBacklog(wal) : {}),
    ...(droppedAt === undefined ? {} : { droppedAt }),
    ...(observed ? describeMissing(observed, state.rest, wanted) : {}),
  };
  return Object.keys(archiver).length === 0 ? {} : { archiver };
}

function describeBacklog({ backlog, secondsToFull }: WalView): Archiver {
  const { waiting, oldest, walBytes, volumeBytes, volumeFreeBytes } = backlog;
  return {
    waiting,
    ...(oldest ? { waitingSince: oldest.since } : {}),
    walBytes,
    volumeBytes,
    volumeFreeBytes,
    ...(secondsToFull === undefined ? {} : { secondsToFull }),
  };
}

function describeMissing(observed: Observed, rest: RestOutcome | undefined, wanted: WantedSettings): Archiver {
  const missingSettings = findMissing(observed, wanted);
  if (missingSettings.length === 0) return {};
  const { isRestartPending } = observed.settings;
  return { missingSettings, settingsRemedy: explainMissing(missingSettings, wanted, isRestartPending, rest) };
}

/**
 * The first that holds: a recovery that is not served, which keeps Postgres from starting; trouble of our own; Postgres keeps its
 * data elsewhere (PGDATA can come from where a manifest does not show it); no credentials, or no key; another one who writes
 * there; a daemon that does not stay up; while Postgres says that archiving fails, what lies in the segment's place, or else the
 * engine's words; for information, an archive_command of the user's own that is not in force.
 */
function explain(
  { unserved, message, identity, credentials, lack, refused, stuck, observed }: State,
  { isRunning, lastError }: ArchiveDaemon,
  pgdata: string,
): string | undefined {
  if (unserved !== undefined) return unserved;
  if (message !== undefined) return message;
  if (observed && observed.dataDirectory !== pgdata) {
    return `Postgres keeps its data in ${observed.dataDirectory}, walguard looks in ${pgdata}: set PGDATA to the former in the container's own env`;
  }
  if (identity && !credentials) return lack?.message ?? NO_CREDENTIALS;
  if (refused !== undefined) return refused;
  if (identity && !isRunning && lastError !== undefined) return lastError;
  if (observed && isFailing(observed.archiver)) return stuck?.message ?? lastError;
  const overridden = observed?.settings.overridden;
  return overridden && `the archive_command in ${overridden} is not in force: walguard's, given as an argument, wins`;
}
