// From what was observed to the conditions of a ProtectedDatabase. Unknown is not healthy. Room: health (pure).
import type { Condition } from '../api/kubernetes.ts';
import type { Archiver, Instance, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import { isCovered, listMembers, newestBackups } from '../lib/cluster-members.ts';
import { earliest, latest, listWindows } from '../lib/recovery-window.ts';

export interface Observation {
  readonly policy: string;
  readonly generation: number;
  /** One for each database pod that there should be: primaries and their standbys. */
  readonly instances: readonly Instance[];
  /** Those that were scaled away: kept in the status, because their backups are there to restore; not judged. */
  readonly retired: readonly Instance[];
  /** Seconds after which an idle archiver is late: archive_timeout and the time an upload may take. */
  readonly archiveLateSeconds: number;
}

type Finding = Pick<Condition, 'status' | 'reason' | 'message'>;

/** @param now RFC 3339; @param previous the stored conditions, whose transition times are kept while nothing changes */
export function assess(observed: Observation, previous: readonly Condition[], now: string): ProtectedDatabaseStatus {
  const known = [...observed.instances, ...observed.retired];
  const judged = observed.instances.filter((instance) => !isCovered(instance, observed.instances));
  // It may be the primary next, and would archive nothing.
  const unready = observed.instances.flatMap((instance) => (judged.includes(instance) ? [] : assessSettings(instance)));
  const archiving = worst([...judged.map((instance) => assessArchiving(instance, observed, now)), ...unready]);
  const backup = worst(judged.map((instance) => assessBackup(instance, known)));
  const findings: Record<string, Finding> = {
    Protected: assessProtected(archiving, backup),
    ContinuousArchiving: archiving,
    LastBackupSucceeded: backup,
  };
  return {
    policy: observed.policy,
    observedGeneration: observed.generation,
    conditions: Object.entries(findings).map(([type, finding]) => toCondition(type, finding, previous, now)),
    instances: known,
    ...assessWindow(observed.instances, known),
    ...newest(
      'lastSuccessfulBackup',
      observed.instances.map((each) => each.lastSuccessfulBackup?.finishedAt),
    ),
    ...newest(
      'lastArchivedWalTime',
      observed.instances.map((each) => each.archiver?.lastArchivedTime),
    ),
  };
}

/**
 * All clusters of the database together: from when on, and up to when, each of them can be restored. A pod of which nothing
 * is known yet does not count, and one that was scaled away only for the cluster that it was of.
 */
function assessWindow(
  present: readonly Instance[],
  known: readonly Instance[],
): Pick<ProtectedDatabaseStatus, 'firstRecoverabilityPoint' | 'latestRestorableTime'> {
  const windows = listWindows(known).filter(({ pods }) => present.some(({ pod }) => pods.includes(pod)));
  const first = windows.every(({ from }) => from) ? latest(windows.map(({ from }) => from)) : undefined;
  const last = windows.every(({ to }) => to) ? earliest(windows.map(({ to }) => to)) : undefined;
  return {
    ...(first === undefined ? {} : { firstRecoverabilityPoint: first }),
    ...(last === undefined ? {} : { latestRestorableTime: last }),
  };
}

const RANK = { False: 0, Unknown: 1, True: 2 } as const;

function worst(findings: readonly Finding[]): Finding {
  const none: Finding = {
    status: 'Unknown',
    reason: 'NoInstance',
    message: 'scaled to zero: there is no database pod',
  };
  return [...findings].sort((a, b) => RANK[a.status] - RANK[b.status])[0] ?? none;
}

/**
 * | sidecar answered | Postgres up | settings         | in recovery | failed after last success | archived         | result  |
 * | no               |             |                  |             |                           |                  | Unknown |
 * | yes              | no          |                  |             |                           |                  | Unknown |
 * | yes              | yes         | archive_mode off |             |                           |                  | False   |
 * | yes              | yes         | some missing     |             |                           |                  | False   |
 * | yes              | yes         | all there        | yes         |                           |                  | Unknown |
 * | yes              | yes         | all there        | no          | yes                       |                  | False   |
 * | yes              | yes         | all there        | no          | no                        | never            | Unknown |
 * | yes              | yes         | all there        | no          | no                        | waiting too long | False   |
 * | yes              | yes         | all there        | no          | no                        | yes              | True    |
 *
 * A standby of a primary that was seen is judged by its settings alone.
 */
function assessArchiving(instance: Instance, { archiveLateSeconds }: Observation, now: string): Finding {
  const { archiver, pod } = instance;
  if (!archiver)
    return finding('Unknown', 'NotObserved', `${pod}: ${instance.message ?? 'the sidecar has not reported yet'}`);
  const [settings] = assessSettings(instance);
  if (settings) return settings;
  if (instance.inRecovery) return finding('Unknown', 'InRecovery', `${pod}: in recovery, archives nothing`);
  if (isFailing(archiver)) {
    return finding(
      'False',
      'ContinuousArchivingFailing',
      `${pod}: ${archiver.lastFailedWal} could not be archived, last tried at ${archiver.lastFailedTime}${because(instance)}`,
    );
  }
  if (!archiver.lastArchivedTime)
    return finding('Unknown', 'NothingArchivedYet', `${pod}: no WAL segment has been archived yet${because(instance)}`);
  const idleSeconds = (Date.parse(now) - Date.parse(archiver.lastArchivedTime)) / 1000;
  if ((archiver.waiting ?? 0) > 0 && idleSeconds > archiveLateSeconds) {
    return finding(
      'False',
      'ContinuousArchivingLate',
      `${pod}: ${archiver.waiting} WAL segments wait, the last was archived at ${archiver.lastArchivedTime}`,
    );
  }
  return finding('True', 'ContinuousArchivingSuccess', `${pod}: ${archiver.lastArchivedWal} archived`);
}

/** What the running Postgres lacks; empty where nothing is known to be wrong. */
function assessSettings({ pod, archiver }: Instance): Finding[] {
  const { archiveMode, missingSettings = [], settingsRemedy } = archiver ?? {};
  if (archiveMode === 'off') {
    const remedy = settingsRemedy ?? 'restart it to take up the injected settings';
    return [finding('False', 'ArchiveModeOff', `${pod}: archive_mode is off in the running Postgres; ${remedy}`)];
  }
  if (missingSettings.length === 0) return [];
  const message = `${pod}: the running Postgres lacks walguard's ${missingSettings.join(' and ')}`;
  return [finding('False', 'ArchiveSettingsMissing', settingsRemedy ? `${message}; ${settingsRemedy}` : message)];
}

function because({ message }: Instance): string {
  return message === undefined ? '' : `: ${message}`;
}

/** Did the last run of archive_command fail? */
export function isFailing({ lastFailedTime, lastArchivedTime }: Archiver): boolean {
  if (!lastFailedTime) return false;
  return !lastArchivedTime || Date.parse(lastFailedTime) > Date.parse(lastArchivedTime);
}

/** Of the instance's cluster: after a failover the new primary has the backups that the old one made. */
function assessBackup(instance: Instance, known: readonly Instance[]): Finding {
  const { pod } = instance;
  const { lastSuccessfulBackup, lastFailedBackup } = newestBackups(listMembers(instance, known));
  const failedAt = Date.parse(lastFailedBackup?.finishedAt ?? '');
  const succeededAt = Date.parse(lastSuccessfulBackup?.finishedAt ?? '');
  if (lastFailedBackup && !(succeededAt >= failedAt)) {
    return finding('False', 'LastBackupFailed', `${pod}: ${lastFailedBackup.message}`);
  }
  if (lastSuccessfulBackup) return finding('True', 'LastBackupSucceeded', `${pod}: ${lastSuccessfulBackup.name}`);
  return finding('Unknown', 'NoBackupYet', `${pod}: no base backup yet`);
}

/** A restore that was never rehearsed is a hope: without a drill nothing is Protected. Drills are not built yet. */
function assessProtected(archiving: Finding, backup: Finding): Finding {
  if (archiving.status !== 'True') return finding('False', 'NotArchiving', archiving.message);
  if (backup.status !== 'True') return finding('False', 'NoGoodBackup', backup.message);
  return finding('False', 'NoDrill', 'archived and backed up, but no drill has proven a restore');
}

function finding(status: Condition['status'], reason: string, message: string): Finding {
  return { status, reason, message };
}

function toCondition(type: string, found: Finding, previous: readonly Condition[], now: string) {
  const before = previous.find((condition) => condition.type === type);
  const lastTransitionTime = (before?.status === found.status && before.lastTransitionTime) || now;
  return { type, ...found, lastTransitionTime };
}

function newest<K extends string>(key: K, times: readonly (string | undefined)[]): { [key in K]?: string } {
  const last = times
    .filter((time) => time !== undefined)
    .sort((a, b) => Date.parse(a) - Date.parse(b))
    .at(-1);
  return (last === undefined ? {} : { [key]: last }) as { [key in K]?: string };
}
