// What the sidecar is told of looking after archiving, where it is not the usual. Room: inject (pure).
import type { EnvVar, PodSpec } from '../api/kubernetes.ts';
import type { ArchiveSettings } from '../policy/settings.ts';

/** Left of the grace period when WAL is shipped no more: for the daemon's end, and clocks that do not run alike. */
const END_SECONDS = 5;

/**
 * Nothing where the policy says what is so anyway: onStorageFull: block, no switchAtLeastEvery, Kubernetes' own 30 s of grace.
 * A sidecar that is told nothing lets nothing go.
 */
export function buildCareEnv(archive: ArchiveSettings, { terminationGracePeriodSeconds: grace }: PodSpec): EnvVar[] {
  const { onStorageFull, switchAtLeastEverySeconds: every } = archive;
  const variables = {
    ...(onStorageFull === 'block' ? {} : { WALGUARD_ON_STORAGE_FULL: onStorageFull }),
    ...(every === undefined ? {} : { WALGUARD_SWITCH_AT_LEAST_EVERY: every }),
    ...(typeof grace === 'number' ? { WALGUARD_SHUTDOWN_SECONDS: Math.max(1, grace - END_SECONDS) } : {}),
  };
  return Object.entries(variables).map(([name, value]) => ({ name, value: String(value) }));
}
