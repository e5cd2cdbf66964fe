// The condition ContinuousArchiving of one database pod. Room: health (pure).
import type { Archiver, Instance } from '../api/protected-database.ts';
import { type Finding, finding } from './finding.ts';
import type { Terms } from './terms.ts';

/**
 * The first row that holds:
 *
 * | what is known                                                       | result                              |
 * | the sidecar did not answer, or knows nothing                        | Unknown, NotObserved                |
 * | WAL was let go, and there is no base backup after it                | False, WalDropped                   |
 * | archive_mode is off, or another setting is missing                  | False                               |
 * | WAL waits, and its volume is about to be full                       | False, WalVolumeFillingUp           |
 * | Postgres does not answer                                            | Unknown, NotObserved                |
 * | in recovery                                                         | Unknown, InRecovery                 |
 * | the last run of archive_command failed                              | False, ContinuousArchivingFailing   |
 * | WAL waits for too long, though no run failed: hung, or too slow     | False, ContinuousArchivingLate      |
 * | nothing has been archived yet                                       | Unknown, NothingArchivedYet         |
 * | none archived for as long as alerts.walOverdueAfter                 | False, WalOverdue                   |
 * | else                                                                | True, ContinuousArchivingSuccess    |
 *
 * A standby of a primary that was seen is judged by its settings alone.
 */
export function assessArchiving(instance: Instance, terms: Terms, now: string): Finding {
  const { archiver, pod } = instance;
  const [trouble] = archiver
    ? [...assessDropped(pod, archiver), ...assessSettings(instance), ...assessVolume(pod, archiver, terms, now)]
    : [];
  if (trouble) return trouble;
  // Of a Postgres that is down the sidecar knows its files.
  if (archiver?.archiveMode === undefined)
    return finding('Unknown', 'NotObserved', `${pod}: ${instance.message ?? 'the sidecar has not reported yet'}`);
  if (instance.inRecovery) return finding('Unknown', 'InRecovery', `${pod}: in recovery, archives nothing`);
  if (isFailing(archiver)) {
    return finding(
      'False',
      'ContinuousArchivingFailing',
      `${pod}: ${archiver.lastFailedWal} could not be archived, last tried at ${archiver.lastFailedTime}${because(instance)}`,
    );
  }
  if (isLate(archiver, terms, now)) {
    return finding('False', 'ContinuousArchivingLate', `${pod}: ${describeWaiting(archiver)}${because(instance)}`);
  }
  if (!archiver.lastArchivedTime)
    return finding('Unknown', 'NothingArchivedYet', `${pod}: no WAL segment has been archived yet${because(instance)}`);
  const { walOverdueSeconds = Number.POSITIVE_INFINITY } = terms;
  if (Date.parse(now) - Date.parse(archiver.lastArchivedTime) > walOverdueSeconds * 1000) {
    return finding('False', 'WalOverdue', `${pod}: WAL was archived last at ${archiver.lastArchivedTime}`);
  }
  return finding('True', 'ContinuousArchivingSuccess', `${pod}: ${archiver.lastArchivedWal} archived`);
}

function assessDropped(pod: string, { droppedAt }: Archiver): Finding[] {
  if (droppedAt === undefined) return [];
  const message = `${pod}: WAL was let go until ${droppedAt}, because its volume was nearly full and the store took none`;
  return [finding('False', 'WalDropped', `${message}; nothing after that can be restored before the next base backup`)];
}

/** Whatever else fills the volume: while the archive is well, it is not for us to say. */
function assessVolume(pod: string, archiver: Archiver, terms: Terms, now: string): Finding[] {
  const { waiting = 0, secondsToFull = Number.POSITIVE_INFINITY, volumeFreeBytes, volumeBytes } = archiver;
  if (waiting === 0 || volumeFreeBytes === undefined || volumeBytes === undefined) return [];
  const isNear = secondsToFull < DAY_SECONDS || volumeFreeBytes < volumeBytes / 10;
  if (!(secondsToFull < HOUR_SECONDS || (isNear && isLate(archiver, terms, now)))) return [];
  const free = `${Math.floor(volumeFreeBytes / MIB)} MiB of ${Math.floor(volumeBytes / MIB)} MiB are free`;
  const when = Number.isFinite(secondsToFull) ? `, full in about ${Math.ceil(secondsToFull / 60)} min` : '';
  const message = `${pod}: ${describeWaiting(archiver)}; on their volume ${free}${when}`;
  return [finding('False', 'WalVolumeFillingUp', message)];
}

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;
const MIB = 1024 * 1024;

/** By the age of the oldest one: an archive that is too slow for what comes fails in nothing else. */
function isLate(archiver: Archiver, { archiveLateSeconds }: Terms, now: string): boolean {
  const since = archiver.waitingSince ?? archiver.lastArchivedTime;
  if ((archiver.waiting ?? 0) === 0 || since === undefined) return false;
  return (Date.parse(now) - Date.parse(since)) / 1000 > archiveLateSeconds;
}

function describeWaiting({ waiting, waitingSince, lastArchivedTime }: Archiver): string {
  const oldest = waitingSince === undefined ? '' : `, the oldest since ${waitingSince}`;
  const last = lastArchivedTime === undefined ? '' : `, the last was archived at ${lastArchivedTime}`;
  return `${waiting} WAL segments wait${oldest}${last}`;
}

/** What the running Postgres lacks; empty where nothing is known to be wrong. */
export function assessSettings({ pod, archiver }: Instance): Finding[] {
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
