// The condition LastBackupSucceeded of one database pod. Room: health (pure).
import type { Instance } from '../api/protected-database.ts';
import { listMembers, newestBackups } from '../lib/cluster-members.ts';
import { type Finding, finding } from './finding.ts';
import type { Terms } from './terms.ts';

/**
 * Of the instance's cluster: after a failover the new primary has the backups that the old one made.
 *
 * | last good one | last failed one | result  |
 * | none          | none            | Unknown |
 * | any           | after it        | False   |
 * | overdue       | none, before it | False   |
 * | young enough  | none, before it | True    |
 */
export function assessBackup(
  instance: Instance,
  known: readonly Instance[],
  { backupOverdueSeconds = Number.POSITIVE_INFINITY }: Terms,
  now: string,
): Finding {
  const { pod } = instance;
  const { lastSuccessfulBackup, lastFailedBackup } = newestBackups(listMembers(instance, known));
  const failedAt = Date.parse(lastFailedBackup?.finishedAt ?? '');
  const succeededAt = Date.parse(lastSuccessfulBackup?.finishedAt ?? '');
  if (lastFailedBackup && !(succeededAt >= failedAt)) {
    return finding('False', 'LastBackupFailed', `${pod}: ${lastFailedBackup.message}`);
  }
  if (!lastSuccessfulBackup) return finding('Unknown', 'NoBackupYet', `${pod}: no base backup yet`);
  const { name, finishedAt } = lastSuccessfulBackup;
  if (Date.parse(now) - succeededAt > backupOverdueSeconds * 1000) {
    return finding(
      'False',
      'BackupOverdue',
      `${pod}: the last good base backup was finished at ${finishedAt}: ${name}`,
    );
  }
  return finding('True', 'LastBackupSucceeded', `${pod}: ${name}`);
}
