// What base-backup jobs reported. Room: controller (door).
import type { Pod } from '../api/kubernetes.ts';
import type { Instance } from '../api/protected-database.ts';
import type { BaseBackupReport } from '../api/reports.ts';
import { hasBeen } from '../lib/clock-skew.ts';
import { isNewer, listFinished } from './job-reports.ts';

type Backups = Pick<Instance, 'firstRecoverabilityPoint' | 'lastSuccessfulBackup' | 'lastFailedBackup'>;

/**
 * The newest good and the newest bad run of one database pod, and when the first backup in the store was finished: as the job
 * saw it there, because runs whose pods are gone count too, and older ones are pruned. What was known before stands until
 * something newer comes. A good one of the future does not count, nor is it remembered: it would be the newest, and overdue
 * never, until its time has come. The report is read again by then.
 *
 * @param now RFC 3339
 */
export function readBackups(
  pods: readonly Pod[],
  instance: string,
  clusterId: string | undefined,
  known: Backups,
  now: string,
): Backups {
  const result: { -readonly [K in keyof Backups]: Backups[K] } = pickKnown(known, now);
  for (const { report, finishedAt, job } of listFinished<BaseBackupReport>(pods, 'base-backup', instance)) {
    if (report.ok && 'backup' in report && report.clusterId === clusterId) {
      const { finishedAt: backedUpAt } = report.backup;
      if (!hasBeen(backedUpAt, now) || !isNewer(backedUpAt, result.lastSuccessfulBackup)) continue;
      result.lastSuccessfulBackup = { ...report.backup, job };
      result.firstRecoverabilityPoint = report.firstFinishedAt;
    }
    if (!report.ok && isNewer(finishedAt, result.lastFailedBackup)) {
      result.lastFailedBackup = { finishedAt, job, message: report.message };
    }
  }
  return result;
}

function pickKnown(
  { firstRecoverabilityPoint, lastSuccessfulBackup, lastFailedBackup }: Backups,
  now: string,
): Backups {
  const first = firstRecoverabilityPoint ?? lastSuccessfulBackup?.finishedAt;
  return {
    ...(first && hasBeen(first, now) ? { firstRecoverabilityPoint: first } : {}),
    ...(lastSuccessfulBackup && hasBeen(lastSuccessfulBackup.finishedAt, now) ? { lastSuccessfulBackup } : {}),
    ...(lastFailedBackup ? { lastFailedBackup } : {}),
  };
}
