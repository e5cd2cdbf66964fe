// What the store held when a job listed it last, whichever kind of job that was. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { Instance, Inventory } from '../api/protected-database.ts';
import { newestInventory } from '../lib/recovery-window.ts';
import { listFinished } from './job-reports.ts';

/** Kinds of jobs that list the store. */
const LISTING = ['base-backup', 'verify', 'prune'] as const;

/** As far as a report has them: a verification that found something says so with `ok: false`, and has listed all the same. */
interface Listing {
  readonly ok: boolean;
  readonly inventory?: Inventory;
  readonly clusterId?: string;
}

/** Of one database pod's cluster. What was known stands until a newer listing comes. */
export function readInventory(
  pods: readonly Pod[],
  instance: string,
  clusterId: string | undefined,
  known: Pick<Instance, 'inventory'>,
): Pick<Instance, 'inventory' | 'firstRecoverabilityPoint'> {
  const listings = LISTING.flatMap((companion) => listFinished<Listing>(pods, companion, instance)).map(
    ({ report }) => report as Listing,
  );
  const own = listings.filter((each) => each.clusterId === clusterId).map((each) => each.inventory);
  const inventory = newestInventory([known.inventory, ...own]);
  const from = inventory?.recoveryWindows[0]?.from;
  return { ...(inventory ? { inventory } : {}), ...(from ? { firstRecoverabilityPoint: from } : {}) };
}
