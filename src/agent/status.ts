// What the sidecar says of itself and of Postgres. No I/O. Room: agent (door).
import type { SidecarStatus } from '../api/reports.ts';
import { isFailing } from '../health/assess.ts';
import { buildStoragePrefix, type ClusterIdentity } from '../lib/cluster-identity.ts';
import type { Observed } from '../tools/postgres.ts';
import type { AgentContext } from './context.ts';
import { type Credentials, NO_CREDENTIALS } from './storage.ts';

/** What the sidecar's loops found last. */
export interface State {
  identity?: ClusterIdentity | undefined;
  credentials?: Credentials | undefined;
  observed?: Observed | undefined;
  message?: string | undefined;
}

/** The archiving daemon: does it run, and what did the engine say last that sounds like a failure? */
export interface ArchiveDaemon {
  readonly isRunning: boolean;
  readonly lastError: string | undefined;
}

/** What is known now; what is not known is left out. */
export function buildStatus(
  context: Pick<AgentContext, 'policyPrefix' | 'namespace' | 'database' | 'pod' | 'pgdata'>,
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
    ...pickObserved(observed),
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
  const { dataDirectory: _directory, ...rest } = observed;
  return rest;
}

/**
 * The first that holds: trouble of our own; Postgres keeps its data elsewhere (PGDATA can come from where a manifest does
 * not show it); no credentials; the engine's words while Postgres says that archiving fails.
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
  return observed && isFailing(observed.archiver) ? lastError : undefined;
}
