// What the sidecar says of itself and of Postgres. No I/O. Room: agent (door).
import type { SidecarStatus } from '../api/reports.ts';
import { isFailing } from '../health/assess.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import type { Observed } from '../tools/postgres.ts';
import type { AgentContext } from './context.ts';
import { explainMissing, findMissing, type RestOutcome, type WantedSettings } from './settings.ts';
import { type Credentials, NO_CREDENTIALS } from './storage.ts';

/** What the sidecar's loops found last. */
export interface State {
  identity?: ClusterIdentity | undefined;
  credentials?: Credentials | undefined;
  observed?: Observed | undefined;
  /** What came of Patroni's REST API, where settings go through it. */
  rest?: RestOutcome | undefined;
  message?: string | undefined;
}

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
          systemIdentifier: identity.systemIdentifier,
          storagePrefix: buildStoragePrefix(policyPrefix, namespace, database, identity),
        }
      : {}),
    ...pickObserved(observed, state.rest, context.wanted),
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

function pickObserved(
  observed: Observed | undefined,
  rest: RestOutcome | undefined,
  wanted: WantedSettings,
): Partial<SidecarStatus> {
  if (!observed) return {};
  const { dataDirectory: _directory, settings, archiver, ...known } = observed;
  const missingSettings = findMissing(observed, wanted);
  if (missingSettings.length === 0) return { ...known, archiver };
  const settingsRemedy = explainMissing(missingSettings, wanted, settings.isRestartPending, rest);
  return { ...known, archiver: { ...archiver, missingSettings, settingsRemedy } };
}

/**
 * The first that holds: trouble of our own; Postgres keeps its data elsewhere (PGDATA can come from where a manifest does
 * not show it); no credentials; the engine's words while Postgres says that archiving fails; for information, an
 * archive_command of the user's own that is not in force.
 */
function explain(
  { message, identity, credentials, observed }: State,
  { lastError }: ArchiveDaemon,
  pgdata: string,
): string | undefined {
  if (message !== undefined) return message;
  if (observed && observed.dataDirectory !== pgdata) {
    return `Postgres keeps its data in ${observed.dataDirectory}, walguard looks in ${pgdata}: set PGDATA to the former in the container's own env`;
  }
  if (identity && !credentials) return NO_CREDENTIALS;
  if (observed && isFailing(observed.archiver)) return lastError;
  const overridden = observed?.settings.overridden;
  return overridden && `the archive_command in ${overridden} is not in force: walguard's, given as an argument, wins`;
}
