// From when to when a Postgres cluster can be restored, as far as its status tells. Room: lib (pure).
import type { Instance, Inventory, RecoveryWindow } from '../api/protected-database.ts';
import { listMembers } from './cluster-members.ts';

export interface ClusterWindow {
  /** Database pods that are or were members of the cluster. */
  readonly pods: readonly string[];
  /** RFC 3339, UTC: from when on it can be restored; undefined where that is not known. */
  readonly from: string | undefined;
  /** When it last archived, as far as is known. */
  readonly to: string | undefined;
  /** Oldest first. Between two of them WAL is missing. The last one may go on. */
  readonly stretches: readonly RecoveryWindow[];
}

/** One for each cluster whose place in the storage is known; standbys share their primary's. */
export function listWindows(instances: readonly Instance[]): ClusterWindow[] {
  const known = instances.filter(({ storagePrefix }) => storagePrefix !== undefined);
  const clusters = [...Map.groupBy(known, ({ storagePrefix }) => storagePrefix).values()];
  return clusters.map(([first, ...others]) => {
    const members = listMembers(first as Instance, instances);
    const all = [...members, ...others.filter((each) => !members.includes(each))];
    const stretches = stretchesOf(all);
    return {
      pods: all.map(({ pod }) => pod),
      from: stretches[0]?.from,
      to: latest(all.map(({ latestRestorableTime }) => latestRestorableTime)),
      stretches,
    };
  });
}

/** As the store was listed last; a base backup that was made since then opens a stretch of its own after a gap. */
function stretchesOf(members: readonly Instance[]): readonly RecoveryWindow[] {
  const inventory = newestInventory(members.map((each) => each.inventory));
  if (inventory === undefined) {
    const from = earliest(members.map(({ firstRecoverabilityPoint }) => firstRecoverabilityPoint));
    return from === undefined ? [] : [{ from }];
  }
  const { recoveryWindows, listedAt } = inventory;
  const last = recoveryWindows.at(-1);
  const made = latest(members.map(({ lastSuccessfulBackup }) => lastSuccessfulBackup?.finishedAt));
  const isOpen = last !== undefined && last.to === undefined;
  if (isOpen || made === undefined || Date.parse(made) <= Date.parse(listedAt)) return recoveryWindows;
  return [...recoveryWindows, { from: made }];
}

export function newestInventory(inventories: readonly (Inventory | undefined)[]): Inventory | undefined {
  const known = inventories.filter((each) => each !== undefined);
  return known.sort((a, b) => Date.parse(a.listedAt) - Date.parse(b.listedAt)).at(-1);
}

/** The stretches of time that all clusters have in common. */
export function intersect(all: readonly (readonly RecoveryWindow[])[]): readonly RecoveryWindow[] {
  const [first = [], ...others] = all;
  return others.reduce(
    (common, next) => common.flatMap((a) => next.flatMap((b) => overlap(a, b))),
    first as readonly RecoveryWindow[],
  );
}

function overlap(a: RecoveryWindow, b: RecoveryWindow): RecoveryWindow[] {
  const from = latest([a.from, b.from]) ?? a.from;
  const to = earliest([a.to, b.to]);
  if (to !== undefined && Date.parse(to) < Date.parse(from)) return [];
  return [{ from, ...(to === undefined ? {} : { to }) }];
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
