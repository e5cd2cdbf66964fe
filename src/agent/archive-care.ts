// How the sidecar looks after archiving, as inject told it. No I/O. Room: agent (door).

export interface ArchiveCare {
  /** The policy's onStorageFull is dropAndRebase; block where nothing is said. */
  readonly mayLetGo: boolean;
  /** The policy's switchAtLeastEvery; absent: an idle database closes no segment. */
  readonly switchAtLeastEverySeconds?: number;
  /** How long the sidecar may ship WAL after Postgres has ended: a little less than the pod is given. */
  readonly shutdownSeconds: number;
}

/** Of Kubernetes' own 30 s. */
const SHUTDOWN_SECONDS = 25;

export function readArchiveCare(env: NodeJS.ProcessEnv): ArchiveCare {
  const every = Number(env.WALGUARD_SWITCH_AT_LEAST_EVERY) || undefined;
  return {
    mayLetGo: env.WALGUARD_ON_STORAGE_FULL === 'dropAndRebase',
    ...(every === undefined ? {} : { switchAtLeastEverySeconds: every }),
    shutdownSeconds: Number(env.WALGUARD_SHUTDOWN_SECONDS) || SHUTDOWN_SECONDS,
  };
}
