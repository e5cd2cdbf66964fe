// When a database's companions run next, by the CronJobs that are really there. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { homeOf } from '../companion/instance.ts';
import { isSchedule, parseSchedule } from '../lib/cron.ts';
import { nextAfter } from '../lib/cron-times.ts';

type NextRuns = NonNullable<ProtectedDatabaseStatus['nextRuns']>;

/** Ids of companions that have CronJobs, and what the status calls them. */
const KEYS: Readonly<Record<string, keyof NextRuns>> = {
  'base-backup': 'baseBackup',
  verify: 'verify',
  prune: 'prune',
  dump: 'dump',
  drill: 'drill',
};

/**
 * The earliest of each kind; suspended ones run never. Undefined where none runs: of an object whose last entry goes, the API server
 * makes null, and refuses it (seen with Kubernetes 1.34).
 *
 * @param now RFC 3339
 */
export function listNextRuns(
  companions: readonly KubeObject[],
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
  now: string,
): NextRuns | undefined {
  const runs: NextRuns = {};
  for (const companion of companions) {
    const { kind, metadata, spec } = companion;
    const labels = metadata.labels ?? {};
    const key = KEYS[labels[LABEL.companion] ?? ''];
    if (kind !== 'CronJob' || homeOf(companion) !== namespace || labels[LABEL.database] !== name || !key) continue;
    const next = nextRun(spec as CronJobSpec, now);
    const known = runs[key] as string | undefined;
    if (next !== undefined && (known === undefined || next < known)) runs[key] = next;
  }
  return Object.keys(runs).length === 0 ? undefined : runs;
}

interface CronJobSpec {
  readonly schedule: string;
  readonly timeZone?: string;
  readonly suspend?: boolean;
}

function nextRun({ schedule: text, timeZone = 'Etc/UTC', suspend }: CronJobSpec, now: string): string | undefined {
  const schedule = parseSchedule(text);
  if (suspend || !isSchedule(schedule)) return undefined;
  // Of `@every` only Kubernetes knows from when it counts.
  if (schedule.kind === 'every') return undefined;
  const next = nextAfter({ schedule, timeZone }, Date.parse(now));
  return next === undefined ? undefined : new Date(next).toISOString();
}
