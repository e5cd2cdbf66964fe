// From when to when a Postgres cluster can be restored, as far as its status tells. Room: lib (pure).
import type { Instance } from '../api/protected-database.ts';
import { listMembers } from './cluster-members.ts';

export interface RecoveryWindow {
  /** Database pods that are or were members of the cluster. */
  readonly pods: readonly string[];
  /** RFC 3339, UTC: when its first known base backup was finished; undefined where none is known. */
  readonly from: string | undefined;
  /** When it last archived, as far as is known. */
  readonly to: string | undefined;
}

/** One for each cluster whose place in the storage is known; standbys share their primary's. */
export function listWindows(instances: readonly Instance[]): RecoveryWindow[] {
  const known = instances.filter(({ storagePrefix }) => storagePrefix !== undefined);
  const clusters = [...Map.groupBy(known, ({ storagePrefix }) => storagePrefix).values()];
  return clusters.map(([first, ...others]) => {
    const members = listMembers(first as Instance, instances);
    const all = [...members, ...others.filter((each) => !members.includes(each))];
    return {
      pods: all.map(({ pod }) => pod),
      from: earliest(all.map(({ firstRecoverabilityPoint }) => firstRecoverabilityPoint)),
      to: latest(all.map(({ latestRestorableTime }) => latestRestorableTime)),
    };
  });
}

/** Of RFC 3339 times; undefined ones do not count. */
export function earliest(times: readonly (string | undefined)[]): string | undefined {
  return sort(times)[0];
}

export function latest(times: readonly (string | undefined)[]): string | undefined {
  return sort(times).at(-1);
}

function sort(times: readonly (string | undefined)[]): string[] {
  return times.filter((time) => time !== undefined).sort((a, b) => Date.parse(a) - Date.parse(b));
}

/** As a person reads it: UTC, without a fraction of zero. */
export function formatTime(time: string): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}
