// What the rules over a Restore are told, and what several of them look at. Room: policy (pure).
import { NOT_PROTECTED, type ProtectedDatabase } from '../api/protected-database.ts';
import type { RestoreSpec } from '../api/restore.ts';
import { type ClusterWindow, formatTime, listWindows } from '../lib/recovery-window.ts';

export interface RestoreFacts {
  readonly spec: RestoreSpec;
  /** Those of the Restore's namespace. */
  readonly databases: readonly ProtectedDatabase[];
  /** RFC 3339. */
  readonly now: string;
}

export function findSource({ spec, databases }: RestoreFacts): ProtectedDatabase | undefined {
  return databases.find(({ metadata }) => metadata.name === spec.source.database);
}

/** Of all the clusters that are known of the source, or of the one whose instance is named. */
export function findWindows(facts: RestoreFacts): ClusterWindow[] {
  const { instance, storagePrefix } = facts.spec.source;
  // What is known is of the database as it is there now.
  if (storagePrefix !== undefined) return [];
  const windows = listWindows(findSource(facts)?.status?.instances ?? []);
  return instance === undefined ? windows : windows.filter(({ pods }) => pods.includes(instance));
}

/** The one that the target must be in; undefined where it cannot be told which, or nothing is known of it. */
export function findWindow(facts: RestoreFacts): (ClusterWindow & { readonly from: string }) | undefined {
  const [window, ...others] = findWindows(facts);
  const from = window?.from;
  return window === undefined || from === undefined || others.length > 0 ? undefined : { ...window, from };
}

export function describeWindow({ from, to }: { readonly from: string; readonly to?: string | undefined }): string {
  const end = to === undefined ? 'on' : `to ${formatTime(to)}`;
  return `from ${formatTime(from)} ${end}`;
}

/**
 * Is nothing there of it but its backups? Its status outlives the StatefulSet. False where that is not known.
 */
export function isGone({ status }: ProtectedDatabase): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Protected' && reason === NOT_PROTECTED) ?? false;
}
