// How long each of a database's companions may take before it is late, as its policy has it. No I/O. Room: controller (door).
import { STARTING_DEADLINE_SECONDS } from '../companion/cron-job.ts';
import type { Terms } from '../health/terms.ts';
import { isSchedule, parseSchedule } from '../lib/cron.ts';
import { measureGaps } from '../lib/cron-gaps.ts';
import { findOldestDrillSeconds } from '../policy/drill-age.ts';
import type { Settings } from '../policy/settings.ts';

/** How long a closed segment may wait beyond archive_timeout before archiving counts as late. */
const ARCHIVE_SLACK_SECONDS = 120;

export function resolveTerms(settings: Settings): Terms {
  const { archive, baseBackup, verify, dump, alerts } = settings;
  const backup = alerts?.backupOverdueAfterSeconds;
  const overdue = (timed: { schedule: string; timeZone: string }, timeoutSeconds: number) =>
    backup ?? addSlack(longestGap(timed), timeoutSeconds);
  return {
    archiveLateSeconds: archive.timeoutSeconds + ARCHIVE_SLACK_SECONDS,
    ...present('walOverdueSeconds', alerts?.walOverdueAfterSeconds),
    ...present('backupOverdueSeconds', overdue(baseBackup, baseBackup.timeoutSeconds)),
    // One run may be missed: what it would have found, the next one finds.
    ...(verify ? { verificationOverdueSeconds: addSlack(2 * (longestGap(verify) ?? Number.NaN), 0) ?? null } : {}),
    ...(dump ? { dumpOverdueSeconds: overdue(dump, dump.timeoutSeconds) ?? null } : {}),
    ...resolveDrillTerms(settings),
  };
}

/** One run may be missed here, too: what is promised of the last good one is told apart from it. */
function resolveDrillTerms(settings: Settings): Partial<Terms> {
  const { drills, objectives } = settings;
  if (drills === undefined) return {};
  return {
    drills: drills.map(({ name, timeoutSeconds, source, target, ...timed }) => ({
      name,
      overdueSeconds: addSlack(2 * (longestGap(timed) ?? Number.NaN), timeoutSeconds) ?? null,
      showsLoss: source === 'baseBackup' && target === 'latest',
    })),
    ...present('drillAgeSeconds', findOldestDrillSeconds(settings)),
    ...present('rtoSeconds', objectives?.rtoSeconds),
    ...present('rpoSeconds', objectives?.rpoSeconds),
  };
}

function addSlack(gap: number | undefined, timeoutSeconds: number): number | undefined {
  return gap === undefined || Number.isNaN(gap) ? undefined : gap + timeoutSeconds + STARTING_DEADLINE_SECONDS;
}

/** By schedule and zone: measured over eight years, which takes milliseconds, and thousands of databases share a policy. */
const measured = new Map<string, number | undefined>();

function longestGap({ schedule: text, timeZone }: { readonly schedule: string; readonly timeZone: string }) {
  const key = `${timeZone} ${text}`;
  if (!measured.has(key)) {
    const schedule = parseSchedule(text);
    measured.set(key, isSchedule(schedule) ? measureGaps({ schedule, timeZone })?.longest : undefined);
  }
  return measured.get(key);
}

function present<K extends string>(key: K, value: number | undefined): { [key in K]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: number };
}
