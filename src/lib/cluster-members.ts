// Which database pods are members of one Postgres cluster: a primary and its standbys share a cluster's id, and so
// one prefix. Room: lib (pure).
import type { Instance } from '../api/protected-database.ts';

/** The instance itself, and the others of its cluster. */
export function listMembers(instance: Instance, all: readonly Instance[]): Instance[] {
  const { clusterId } = instance;
  return all.filter((each) => each.pod === instance.pod || (clusterId !== undefined && each.clusterId === clusterId));
}

/** A standby of a primary that was seen: what that one archives and backs up is this one's too. */
export function isCovered(instance: Instance, all: readonly Instance[]): boolean {
  return instance.inRecovery === true && listMembers(instance, all).some(({ inRecovery }) => inRecovery === false);
}

/** The newest good and the newest failed base backup of a cluster, whichever member made it. */
export function newestBackups(
  members: readonly Instance[],
): Pick<Instance, 'lastSuccessfulBackup' | 'lastFailedBackup'> {
  const lastSuccessfulBackup = newest(members.map((each) => each.lastSuccessfulBackup));
  const lastFailedBackup = newest(members.map((each) => each.lastFailedBackup));
  return {
    ...(lastSuccessfulBackup ? { lastSuccessfulBackup } : {}),
    ...(lastFailedBackup ? { lastFailedBackup } : {}),
  };
}

/** Of runs that are known: the one that was finished last. */
export function newest<T extends { readonly finishedAt: string }>(runs: readonly (T | undefined)[]): T | undefined {
  const known = runs.filter((each) => each !== undefined);
  return known.sort((a, b) => Date.parse(a.finishedAt) - Date.parse(b.finishedAt)).at(-1);
}
